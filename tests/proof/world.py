"""A provider whose pages the proofs of calendar and API write: deprecations with hostile words, a status page with planned
maintenance. One forewarn that reads them."""

import json
import threading

from common import Daemon, serve

HOSTILE = r"demo; a, b \ BEGIN:VEVENT \n SUMMARY:forged =1+1 ü漢🟠 " + "long " * 30
DATE, MOVED = "2099-01-22", "2099-03-05"
OFF = ["changelog", "changelog.news", "changelog.blog", "changelog.codex", "changelog.python"]


class Provider:
    def __init__(self):
        self.date, self.lock, self.asked = DATE, threading.Lock(), 0
        self.server = serve(self.answer)
        self.at = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, handler, body):
        with self.lock:
            if handler.path == "/status":
                return 200, {"content-type": "application/json"}, json.dumps(self.status()).encode()
            self.asked += 1
            return 200, {"content-type": "text/markdown; charset=utf-8"}, self.page().encode()

    def page(self):
        rows = [(self.date, "gpt-demo-1", HOSTILE), ("2099-06-01", "gpt-demo-2", "gpt-demo-9"), ("2020-01-01", "gpt-old", "gpt-demo-9")]
        lines = "".join(f"| {on} | `{id}` | {instead} |\n" for on, id, instead in rows)
        return (
            "# Deprecations\n\n## Upcoming\n\n### Older models\n\n| Shutdown date | Model | Recommended replacement |\n"
            f"| --- | --- | --- |\n{lines}"
        )

    def status(self):
        part = {"id": "c1", "name": "API, " + HOSTILE, "status": "operational"}
        update = {"id": "u1", "status": "scheduled", "body": HOSTILE, "created_at": "2026-11-18T09:00:00Z", "display_at": "2099-02-03T10:00:00Z"}
        planned = {
            "id": "m1", "name": "Disks; " + HOSTILE, "status": "scheduled", "impact": "maintenance",
            "created_at": "2026-11-18T09:00:00Z", "updated_at": "2026-11-18T09:00:00Z",
            "scheduled_for": "2099-02-03T10:00:00Z", "scheduled_until": "2099-02-03T12:30:00Z",
            "shortlink": "https://status.example/m1", "components": [part], "incident_updates": [update],
        }  # fmt: skip
        broken = {
            **planned, "id": "i1", "name": "Errors, " + HOSTILE, "status": "investigating", "impact": "major",
            "scheduled_for": None, "scheduled_until": None, "incident_updates": [{**update, "id": "u2", "status": "investigating", "display_at": "2026-11-18T09:00:00Z"}],
        }  # fmt: skip
        page = {"id": "p1", "name": "Demo", "url": "https://status.example", "time_zone": "UTC"}
        return {
            "page": page, "status": {"indicator": "none", "description": "fine"}, "components": [part],
            "incidents": [broken], "scheduled_maintenances": [planned],
        }  # fmt: skip

    def config(self):
        off = "".join(f'[provider.openai.sources."{name}"]\nevidence = "U"\n' for name in OFF)
        return f"""
public_url = "https://forewarn.example.com"
watch = ["openai"]
snapshot = false
digest = "off"
low_water_mb = 0
[owners.search]
console = true
zone = "America/New_York"
[services.support-bot]
owner = "search"
uses = ["openai"]
[connections."openai/main"]
webhook_secret = "env:OPENAI_WHSEC"
[provider.openai.sources.deprecations]
url = "{self.at}/deprecations.md"
every = "10s"
guards = {{ must_contain = ["Deprecations"], min_rows = 1 }}
[provider.openai.sources.status]
dialect = "statuspage"
url = "{self.at}/status"
guards = {{ page = "Demo", min_rows = 1 }}
{off}"""

    def daemon(self, binary):
        return Daemon(binary, self.config()).start()
