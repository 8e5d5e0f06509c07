#!/usr/bin/env python3
"""Payloads nobody here wrote: every example of npm @octokit/webhooks-examples (58 event types of GitHub) through the
reader of the release binary, `forewarn read`. None may be unrecognized, and none may leave a hole in its title.

The examples stay in node_modules; nothing of them is copied into the project.
"""

import collections
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from common import run

TYPES = 58  # of version 7.6.1
HOLES = re.compile(r"\(\)|\( | \)|  |\bnone\b| :|:$")


def examples():
    root = Path(os.environ["OCTOKIT"]) / "node_modules/@octokit/webhooks-examples"
    for event in json.loads((root / "api.github.com/index.json").read_text()):
        for body in event["examples"]:
            yield event["name"], body


def read(options, folder, name, body):
    told = subprocess.run(
        [str(options.binary), "--config", str(folder / "forewarn.toml"), "read", "github", "webhook", "-",
         "--header", f"x-github-event:{name}"],
        input=json.dumps(body), capture_output=True, text=True, cwd=folder,
    )
    return told.returncode, json.loads(told.stdout or "{}"), told.stderr


def github(check, options):
    kinds, types, bad = collections.Counter(), set(), []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "forewarn.toml").write_text("")
        for name, body in examples():
            code, told, error = read(options, folder, name, body)
            types.add(name)
            events = told.get("events") or []
            wrong = code != 0 or told.get("outcome") != "ok" or len(events) != 1
            if wrong or events[0]["kind"] == "unrecognized" or HOLES.search(events[0]["title"]):
                bad.append(f"{name}.{body.get('action', '')}: {error or told}"[:300])
                continue
            kinds[events[0]["kind"]] += 1
    check(f"{len(types)} event types of GitHub are there", len(types) == TYPES, sorted(types))
    check(f"{sum(kinds.values())} payloads are read: {dict(kinds)}", not bad, "\n".join(bad))
    check("some of them concern the account, most are jobs", kinds["account"] > 10 and kinds["job"] > kinds["account"], kinds)
    check("an unknown event is still unrecognized", read_unknown(options), "the check above would pass anything")


def read_unknown(options):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "forewarn.toml").write_text("")
        _, told, _ = read(options, Path(folder), "zebra", {"action": "born"})
        return [e["kind"] for e in told["events"]] == ["unrecognized"]


if __name__ == "__main__":
    run(__doc__, {"github": github})
