"""The JSON Schemas under a validator nobody here wrote: what forewarn takes is valid, what it refuses for its keys is not."""

import json
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

from jsonschema import Draft202012Validator

from common import openai_event, post, run
from world import Provider

ROOT = Path(__file__).resolve().parents[2]


def schema(o, what):
    r = subprocess.run([o.binary, "schema", what], capture_output=True, text=True, timeout=30, check=True)
    s = json.loads(r.stdout)
    Draft202012Validator.check_schema(s)
    return Draft202012Validator(s)


def plain(value):
    """TOML has dates of its own; in JSON they are texts, as forewarn reads them."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else value.isoformat()


def wrong(validator, value):
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator.iter_errors(plain(value))]


def takes(o, text):
    """Whether the program itself takes a config, for its keys: what it says of names and secrets does not count."""
    with tempfile.TemporaryDirectory() as d:
        (Path(d) / "c.toml").write_text(text)
        r = subprocess.run([o.binary, "check", "--config", f"{d}/c.toml"], capture_output=True, text=True, timeout=60)
        said = r.stdout + r.stderr
        return not re.search(r"unknown field|missing field|invalid type|unknown variant|expected ", said), said


def config(check, o):
    v = schema(o, "config")
    defaults = (ROOT / "src/config/default.toml").read_text()
    check.equal("the defaults", wrong(v, tomllib.loads(defaults)), [])
    blocks = []
    for page in ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]:
        blocks += [(page, b) for b in re.findall(r"```toml\n(.*?)```", (ROOT / page).read_text(), re.S)]
    seen = 0
    for page, block in blocks:
        parsed = tomllib.loads(block)
        if "format" in parsed:
            continue
        seen += 1
        check.equal(f"an example of {page}", wrong(v, parsed), [])
    check("examples were found", seen >= 6, seen)
    owner = "[owners.a]\nconsole = true\n"
    for what, text in [
        ("a key nobody knows", owner + "colour = 1\n"),
        ("a top level key nobody knows", "colour = 1\n" + owner),
        ("a number for a text", "[owners.a]\nslack = 1\n"),
        ("a text for a list", owner + '[services.s]\nowner = "a"\nuses = "openai"\n'),
        ("a service without an owner", owner + '[services.s]\nuses = ["openai"]\n'),
        ("a tier nobody knows", owner + '[services.s]\nowner = "a"\nuses = []\ntier = "loud"\n'),
    ]:
        taken, said = takes(o, text)
        check(f"{what}: the program refuses it", not taken, said)
        check(f"{what}: the schema too", wrong(v, tomllib.loads(text)), text)
    taken, said = takes(o, owner)
    check("a good one: the program takes it", taken, said)


def providers(check, o):
    v = schema(o, "provider")
    files = sorted((ROOT / "providers").glob("*.toml"))
    for f in files:
        found = wrong(v, tomllib.loads(f.read_text()))
        if found:
            check.equal(f.name, found, [])
    check(f"all {len(files)} provider files", len(files) > 50 and not any(wrong(v, tomllib.loads(f.read_text())) for f in files))
    good = tomllib.loads((ROOT / "providers/openai.toml").read_text())
    for what, change in [
        ("without an id", lambda p: p.pop("id")),
        ("another format", lambda p: p.update(format=2)),
        ("a kind nobody knows", lambda p: p["sources"].update(x={"kind": "gossip", "evidence": "V"})),
        ("a key nobody knows", lambda p: p["sources"]["webhook"].update(colour="red")),
        ("evidence nobody knows", lambda p: p["sources"]["webhook"].update(evidence="W")),
    ]:
        bad = json.loads(json.dumps(plain(good)))
        change(bad)
        check(f"{what} is not valid", wrong(v, bad))


def events(check, o):
    v = schema(o, "event")
    d = Provider().daemon(o.binary)
    d.openai("evt_schema")
    d.hook("openai", openai_event("evt_bad"), {"webhook-id": "evt_bad"})
    d.settles()
    got = json.loads(post(d.private, "/api/v1/events?limit=1000", None, method="GET")[2])["items"]
    check("events were heard", len(got) > 1, got)
    check.equal("every event of the API", [w for e in got for w in wrong(v, e)], [])
    check("one without a kind is not valid", wrong(v, {k: x for k, x in got[0].items() if k != "kind"}))
    d.stop()
    d.remove()


if __name__ == "__main__":
    run(__doc__, {"config": config, "providers": providers, "events": events})
