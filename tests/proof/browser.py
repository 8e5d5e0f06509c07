"""The pages in a real browser: a world with a year of deprecations, an incident, money, a source that cannot be read and
hostile words everywhere; then browser/browse.mjs drives Chromium through it. Screenshots stay in the target folder."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from common import PROJECT, SECRETS, Checks, Daemon, openai_event, options, serve, standard, until

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)> javascript:alert(4) {{7*7}} ${7*7} %s "
    "<!channel> </title></textarea><a href=javascript:alert(5)>x</a>"
)
TODAY = datetime.date.today()
OFF = ["changelog", "changelog.news", "changelog.blog", "changelog.codex", "changelog.python"]


def on(days):
    return (TODAY + datetime.timedelta(days=days)).isoformat()


ENDS = [
    (-3, "gpt-demo-vision-preview", "gpt-demo-2"),
    (6, "gpt-demo-mini", "gpt-demo-2-mini"),
    (19, "demo-embed-1", "demo-embed-2"),
    (21, "gpt-demo-audio-2025-06-03", "gpt-demo-audio-2"),
    (60, "gpt-demo-2025-08-07", "gpt-demo-2"),
    (60, "gpt-demo-2025-08-07-batch", "gpt-demo-2"),
    (61, "demo-rerank-v2", "demo-rerank-v3"),
    (83, "demo-moderation-3", "demo-moderation-4"),
    *[(12 + 5 * n, f"demo-other-{n}", "gpt-demo-2") for n in range(14)],
    (200, "demo-image-1", "demo-image-2"),
    (320, "demo-speech-1", "demo-speech-2"),
    (-400, "demo-davinci", "gpt-demo-2"),
]
OURS = ["gpt-demo-vision-preview", "gpt-demo-mini", "demo-embed-1", "gpt-demo-audio-2025-06-03", "gpt-demo-2025-08-07", "gpt-demo-2025-08-07-batch", "demo-rerank-v2", "demo-moderation-3"]


class World:
    def __init__(self, hostile=False):
        self.hostile, self.asked, self.lock = hostile, 0, threading.Lock()
        self.moved = {}
        self.server = serve(self.answer)
        self.at = f"http://127.0.0.1:{self.server.server_address[1]}"

    def word(self, text):
        return f"{text} {HOSTILE}" if self.hostile else text

    def answer(self, handler, body):
        with self.lock:
            self.asked += 1
        json_answer = {"content-type": "application/json"}
        if handler.path == "/status":
            return 200, json_answer, json.dumps(self.status()).encode()
        if handler.path == "/login":
            return 200, {"content-type": "text/html"}, b"<html><title>Sign in</title><form>who are you?</form></html>"
        return 200, {"content-type": "text/markdown; charset=utf-8"}, self.page().encode()

    def page(self):
        rows = "".join(f"| {self.moved.get(id, on(n))} | `{id}` | {self.word(instead) if self.hostile else instead} |\n" for n, id, instead in ENDS)
        if self.hostile:
            rows += "".join(f"| {on(5 + n)} | {id} | x |\n" for n, id in enumerate(["`<b>bold</b>`", "`a\"onmouseover=alert(6)`", "`=1+1`", "`gpt-4о`", "`../../etc/passwd`", "`{{7*7}}`"]))
        return (
            "# Deprecations\n\n## Upcoming\n\n### Older models\n\n| Shutdown date | Model | Recommended replacement |\n"
            f"| --- | --- | --- |\n{rows}"
        )

    def status(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        iso = lambda minutes: (now + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:00Z")
        part = {"id": "c1", "name": self.word("Responses API"), "status": "partial_outage"}
        update = lambda id, status, text, minutes: {"id": id, "status": status, "body": self.word(text), "created_at": iso(minutes), "display_at": iso(minutes)}
        incident = {
            "id": "i1", "name": self.word("Elevated error rates on the Responses API"), "status": "investigating", "impact": "major",
            "created_at": self.began, "updated_at": self.began, "shortlink": "https://status.example/i1", "components": [part],
            "incident_updates": [{**update("u2", "identified", "A bad deploy was found; we are rolling it back.", -20), "display_at": self.began}],
        }  # fmt: skip
        planned = {
            "id": "m1", "name": self.word("Database maintenance"), "status": "scheduled", "impact": "maintenance", "created_at": self.began, "updated_at": self.began,
            "scheduled_for": self.from_, "scheduled_until": self.until, "shortlink": "https://status.example/m1", "components": [part],
            "incident_updates": [{**update("u3", "scheduled", "Short pauses are possible.", -60), "display_at": self.began}],
        }  # fmt: skip
        page = {"id": "p1", "name": "Demo", "url": "https://status.example", "time_zone": "UTC"}
        return {"page": page, "status": {"indicator": "major", "description": "x"}, "components": [part], "incidents": [incident], "scheduled_maintenances": [planned]}

    def config(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        at = lambda minutes: (now + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:00Z")
        self.began, self.from_, self.until = at(-95), at(60 * 30), at(60 * 32)
        off = "".join(f'[provider.openai.sources."{name}"]\nevidence = "U"\n' for name in OFF)
        uses = json.dumps([f"openai:{id}" for id in OURS[:5]])
        more = json.dumps([f"openai:{id}" for id in OURS[4:]])
        return f"""
public_url = "https://forewarn.example.com"
catch_all = "platform"
watch = ["openai"]
low_water_mb = 0
[owners.search]
console = true
zone = "America/New_York"
[owners.platform]
console = true
zone = "Europe/Berlin"
[services.support-bot]
owner = "search"
tier = "critical"
uses = {uses}
[services.rerank-batch]
owner = "search"
env = "staging"
uses = {more}
[services.checkout]
owner = "platform"
uses = ["stripe", "anthropic"]
[connections."openai/main"]
webhook_secret = "env:OPENAI_WHSEC"
owner = "platform"
[connections."stripe/main"]
webhook_secret = "env:STRIPE_WHSEC"
[connections."github/main"]
webhook_secret = "env:GITHUB_WHSEC"
[provider.openai.sources.deprecations]
url = "{self.at}/deprecations.md"
page = "https://provider.example/deprecations"
every = "10s"
guards = {{ must_contain = ["Deprecations"], min_rows = 1 }}
[provider.openai.sources.status]
dialect = "statuspage"
url = "{self.at}/status"
guards = {{ page = "Demo", min_rows = 1 }}
{off}[provider.anthropic.sources.deprecations]
url = "{self.at}/login"
[provider.anthropic.sources.status]
evidence = "U"
[provider.stripe.sources.status]
evidence = "U"
"""


def fill(d):
    """What has happened: a warning about the account, one refused delivery, one answer with a plan."""
    for n in range(2):
        id = f"evt_browser_{n}"
        d.openai(id)
    body = openai_event("evt_refused")
    d.hook("openai", body, {**standard(SECRETS["OPENAI_WHSEC"], "evt_refused", body), "webhook-signature": "v1,AAAA"})
    until(lambda: len(d.json("alerts")[1]["items"]) >= 8, 20)
    plan = next(a for a in d.json("alerts", "--owner", "search")[1]["items"] if a["matter"] == "openai:demo-embed-1")
    d.cli("ack", str(plan["id"]), "--by", "Mei", "--plan", on(12), "--note", "moving to demo-embed-2")


def main():
    o = options(__doc__, only="", keep=False, serve=False)
    world = World()
    d = Daemon(o.binary, world.config()).start()
    try:
        fill(d)
        if o.serve:
            print(f"http://127.0.0.1:{d.private}/", flush=True)
            while True:
                time.sleep(60)
    finally:
        d.stop()
        d.remove()


if __name__ == "__main__":
    main()
