"""Compares the event types of the vendors' packages with fixtures/events and prints what is new and what is gone.

    /some/venv/bin/python tests/foreign/list_events.py [/folder/with/node_modules]

Which kind a new type means is judged by a person, who adds the line and, where it matters, a rule. Exits 3 if they differ.
"""

import inspect
import pathlib
import re
import subprocess
import sys

import anthropic
import openai
import stripe

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "events"
GITHUB = """import(process.argv[1] + "/node_modules/@octokit/webhooks/dist-src/generated/webhook-names.js")
  .then((m) => console.log(m.emitterEventNames.join("\\n")))"""


def texts(package, pattern):
    home = pathlib.Path(inspect.getfile(package)).parent
    return [path.read_text() for path in sorted(home.glob(pattern))]


def names(found, pattern):
    return {name for text in found for name in re.findall(pattern, text, re.M)}


packages = {
    "openai": names(texts(openai, "types/webhooks/webhook_create_params.py"), r'^\s+"([a-z_.]+)",')
    | names(texts(openai, "types/webhooks/*_webhook_event.py"), r'^    type: Literal\["([a-z_]+\.[a-z_.]+)"\]'),
    "anthropic": names(texts(anthropic, "types/beta/beta_webhook_*_event_data.py"), r'^    type: Literal\["([a-z_.]+)"\]'),
    "stripe": names(texts(stripe, "params/_webhook_endpoint_create_params.py"), r'"([a-z0-9_]+\.[a-z0-9_.]+)"')
    | names(texts(stripe, "events/*.py"), r'LOOKUP_TYPE = \(?\s*"([^"]+)"'),
}
if len(sys.argv) > 1:
    listed = subprocess.run(["node", "-e", GITHUB, str(pathlib.Path(sys.argv[1]).resolve())], check=True, capture_output=True, text=True)
    packages["github"] = set(listed.stdout.split())

differ = False
for provider, theirs in packages.items():
    lines = (EVENTS / f"{provider}.txt").read_text().splitlines()
    ours = {line.split("\t")[0] for line in lines if not line.startswith("#")}
    print(f"{provider}: {len(theirs)} in the package, {len(ours)} here")
    for word, some in (("new", theirs - ours), ("gone", ours - theirs)):
        for name in sorted(some):
            differ = True
            print(f"  {word}: {name}")
sys.exit(3 if differ else 0)
