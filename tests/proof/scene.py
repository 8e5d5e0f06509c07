"""A company of six teams and its providers, for looking at the pages: 40 days of history, lived through by the real binary under
Debian's libfaketime, then left running at the true time. Every id is invented.

By hand: `scene.py` prints the address and waits for a key; `scene.py --hostile` fills every field with what wants to be
markup."""

import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from common import PROJECT, SECRETS, Daemon, FakeSlack, Sink, openai_event, options, serve, standard, until

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
NOW = datetime.now(timezone.utc).replace(microsecond=0)
KEYS = {"OPENAI_API_KEY": "sk-scene-openai"}

# What reliability.md calls I1 to I11: what a page, a mail, a calendar, a log or a spreadsheet would take for its own.
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=document.title='owned'>\"><svg/onload=alert(1)> "
    "javascript:alert(2) {{7*7}} ${7*7} %s </title></textarea> <!channel> <https://evil.example|click> =1+1 "
    "END:VCALENDAR \u2028\u202egnp.exe \u200b gpt-4\u043e ' or 1=1;--"
)

# Model, days left, replacement; the first three tables of the fake page.
MINE = [
    ("gpt-demo-mini-2024-07-18", -3, "gpt-demo-2-mini"),
    ("gpt-demo-audio-2024-12-17", 4, "gpt-demo-2-audio"),
    ("gpt-demo-2025-08-07", 23, "gpt-demo-2"),
    ("demo-embed-2", 29, "demo-embed-3"),
    ("gpt-demo-vision-preview", 52, "gpt-demo-2"),
    ("gpt-demo-realtime-2025-02-03", 54, "gpt-demo-2-realtime"),
    ("gpt-demo-transcribe-long-context-2025-03", 55, "gpt-demo-2-transcribe"),
    ("demo-moderation-1", 78, "demo-moderation-2"),
]
FARM = [(f"gpt-demo-farm-{n:02}", 66, "gpt-demo-2-mini") for n in range(1, 13)]
OTHERS = [(f"demo-other-{n:02}", days, "gpt-demo-2") for n, days in enumerate([2, 9, 9, 16, 31, 31, 31, 45, 60, 61, 80, 120, 300], 1)]

SLOW = [("u11", "investigating", "Embeddings are slow in one region.", -20), ("u12", "resolved", "All is as it was.", -19.97)]

SERVICES = {
    "support-bot": ("search", ["openai:gpt-demo-2025-08-07", "openai:gpt-demo-mini-*", "anthropic:demo-sonnet-*"], 'tier = "critical"'),
    "search-ranking": ("search", ["openai:demo-embed-2", "openai:demo-moderation-1"], ""),
    "checkout": ("payments", ["stripe", "openai:gpt-demo-2025-08-07"], 'tier = "critical"'),
    "call-notes": ("voice", ["openai:gpt-demo-audio-*", "openai:gpt-demo-realtime-*", "openai:gpt-demo-transcribe-*"], ""),
    "eval-farm": ("research", ["openai:gpt-demo-farm-*", "anthropic:demo-opus-*"], 'env = "staging"'),
    "app": ("mobile", ["openai:gpt-demo-vision-preview", "gemini:demo-3*"], ""),
    "release-train": ("platform", ["github"], ""),
}


def day(n):
    return (NOW + timedelta(days=n)).date()


def at(**ago):
    return (NOW - timedelta(**ago)).isoformat().replace("+00:00", "Z")


class Providers:
    """Their pages, as they stand on a day of the history (0 is today, -40 the first)."""

    def __init__(self, hostile):
        self.day, self.hostile, self.asked, self.lock = -40, hostile, set(), threading.Lock()
        self.server = serve(self.answer)
        self.at = f"http://127.0.0.1:{self.server.server_address[1]}"

    def word(self, text):
        return f"{text} {HOSTILE}" if self.hostile else text

    def answer(self, handler, body):
        with self.lock:
            self.asked.add(handler.path.split("?")[0])
            page = {
                "/openai/deprecations": lambda: self.openai(), "/anthropic/deprecations": lambda: self.anthropic(),
                "/gemini/deprecations": lambda: self.gemini(), "/openai/models": lambda: json.dumps(self.models()),
                "/openai/status": lambda: json.dumps(self.openai_status()), "/anthropic/status": lambda: json.dumps(self.anthropic_status()),
                "/github/status": lambda: json.dumps(page_of("GitHub", [part("g1", "Actions")], [], [])), "/stripe/status": lambda: None,
                "/openai/changelog": lambda: self.feed(),
            }.get(handler.path.split("?")[0], lambda: None)()  # fmt: skip
        if handler.path == "/robots.txt":
            return 404, {"content-type": "text/plain"}, b"not here"
        if page is None:
            return 503, {"content-type": "text/plain"}, b"upstream connect error"
        kind = {"{": "application/json", "<": "text/html" if "<html" in page else "application/rss+xml"}.get(page[0], "text/markdown")
        return 200, {"content-type": f"{kind}; charset=utf-8"}, page.encode()

    def moved(self, id, n):
        """Two weeks ago they gave one model two weeks more."""
        return 9 if id == "gpt-demo-2025-08-07" and self.day < -14 else n

    def openai(self):
        def table(title, announced, rows):
            lines = "".join(f"| {day(n).strftime('%b %-d, %Y')} | `{id}` | {self.word('`' + to + '`')} |\n" for id, n, to in rows)
            return f"### {day(announced)}: {title}\n\n| Shutdown date | Model | Recommended replacement |\n| --- | --- | --- |\n{lines}\n"

        mine = [(id, self.moved(id, n), to) for id, n, to in MINE if id != "gpt-demo-vision-preview"]
        page = "# Deprecations\n\n## Upcoming deprecations\n\n" + table(self.word("Older snapshots"), -70, mine) + table("Others", -120, OTHERS)
        if self.day >= -7:
            page += table("Vision preview", -7, [m for m in MINE if m[0] == "gpt-demo-vision-preview"]) + table("Farm", -7, FARM)
        return page

    def anthropic(self):
        rows = [("demo-sonnet-9-20260105", "Active", "N/A", f"Not sooner than {day(85).strftime('%B %-d, %Y')}")]
        rows.append(("demo-opus-7-20250401", "Deprecated", f"{day(-30):%B %-d, %Y}", f"{day(38):%B %-d, %Y}"))
        lines = "".join("| " + " | ".join(r) + " |\n" for r in rows)
        return f"# Model deprecations\n\n## Model status\n\n| API model name | Current state | Deprecated | Tentative retirement date |\n| --- | --- | --- | --- |\n{lines}"

    def gemini(self):
        if self.day >= -1:
            return "<!doctype html><html><body><h1>Sign in</h1><p>Your session has ended.</p></body></html>"
        return f"<!doctype html><html><body><table><tr><th>Model<th>Shutdown date<tr><td>demo-3-live-preview<td>{day(47):%B %-d, %Y}</table></body></html>"

    def models(self):
        listed = {id: str(day(self.moved(id, n))) for id, n, _ in MINE[2:4]}
        listed["demo-embed-2"] = str(day(47))  # the page says 18 days less: a dispute
        ids = list(listed) + ["gpt-demo-2", "gpt-demo-2-mini"] + [f"gpt-demo-new-{n}" for n in range((self.day + 40) // 6)]
        return {"object": "list", "data": [{"id": id, "object": "model", "created": 1754524800, "owned_by": "system", "shutdown_date": listed.get(id)} for id in ids]}

    def openai_status(self):
        parts = [part("c1", self.word("Responses")), part("c2", "Embeddings"), part("c3", "Audio")]
        broken = []
        if self.day == -20:
            broken.append(incident("i1", "Slow embeddings", "minor", "investigating", SLOW[:1], parts[1]))
        if self.day == -19:
            broken.append(incident("i1", "Slow embeddings", "minor", "resolved", SLOW, parts[1]))
        if self.day == 0:
            updates = [("u21", "investigating", "We are looking into failed requests.", at(hours=2, minutes=10)), ("u22", "identified", self.word("A cause is found; a fix is rolled out."), at(hours=1))]
            broken.append(incident("i2", self.word("Elevated error rates on Responses"), "major", "identified", updates, parts[0]))
        return page_of("OpenAI", parts, broken, [])

    def anthropic_status(self):
        parts = [part("a1", "API"), part("a2", "Console")]
        begin, end = (NOW + timedelta(days=3, hours=4)).replace(minute=0, second=0), (NOW + timedelta(days=3, hours=6)).replace(minute=0, second=0)
        work = incident("m1", self.word("Database upgrade"), "maintenance", "scheduled", [("u31", "scheduled", "Requests may be slower.", at(days=7))], parts[0])
        work |= {"scheduled_for": begin.isoformat(), "scheduled_until": end.isoformat()}
        return page_of("Claude", parts, [], [work] if self.day >= -7 else [])

    def feed(self):
        entries = [("Batch files may be larger", 60), ("Batch results are kept for 30 days", 35), ("Breaking change: the field user is ignored", 6), ("Prices of the audio models change", 2)]
        items = "".join(
            f"<item><title>{escape(self.word(t))}</title><link>https://openai.example/changelog/{n}</link><guid>entry-{n}</guid>"
            f"<pubDate>{(NOW - timedelta(days=n)).strftime('%a, %d %b %Y %H:%M:%S GMT')}</pubDate><description>{escape(self.word('More on the page.'))}</description></item>"
            for t, n in entries if self.day >= -n
        )  # fmt: skip
        return f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title><link>https://openai.example</link><description>n</description>{items}</channel></rss>'

    def config(self):
        off = {"openai": ["changelog", "changelog.blog", "changelog.codex", "changelog.python"], "anthropic": ["changelog", "changelog.code", "changelog.news", "changelog.python"], "gemini": ["status", "changelog", "changelog.blog"], "stripe": ["changelog"], "github": ["changelog"]}
        out = [f'[provider.{p}.sources."{s}"]\nevidence = "U"' for p, all in off.items() for s in all]
        on = {
            "openai.sources.deprecations": ("/openai/deprecations", 'guards = { must_contain = ["Deprecations"], min_rows = 5 }'),
            "openai.sources.models": ("/openai/models", ""),
            "openai.sources.status": ("/openai/status", 'dialect = "statuspage"\nguards = { page = "OpenAI", min_rows = 1 }'),
            'openai.sources."changelog.news"': ("/openai/changelog", 'only = ["breaking", "price", "batch"]'),
            "anthropic.sources.deprecations": ("/anthropic/deprecations", ""),
            "anthropic.sources.status": ("/anthropic/status", ""),
            "gemini.sources.deprecations": ("/gemini/deprecations", ""),
            "stripe.sources.status": ("/stripe/status", 'evidence = "V"'),
            "github.sources.status": ("/github/status", 'guards = { page = "GitHub", min_rows = 1 }'),
        }  # fmt: skip
        out += [f'[provider.{name}]\nurl = "{self.at}{path}"\n{more}' for name, (path, more) in on.items()]
        return "\n".join(out), {path for path, _ in on.values()}


def poisoned(value, word):
    """The texts of a body, each with hostile words behind its own; ids, types and states as they were."""
    kept = {"id", "type", "object", "action", "status", "currency", "state", "validity"}
    if isinstance(value, dict):
        return {k: v if k in kept else poisoned(v, word) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, word) for v in value]
    return word(value) if isinstance(value, str) else value


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def part(id, name):
    return {"id": id, "name": name, "status": "operational", "group": False}


def incident(id, name, impact, status, updates, where):
    updates = [(u, s, b, at(days=-t) if isinstance(t, int | float) else t) for u, s, b, t in updates]
    said = [{"id": u, "status": s, "body": b, "created_at": t, "updated_at": t, "display_at": t} for u, s, b, t in reversed(updates)]
    first, last = updates[0][3], updates[-1][3]
    return {
        "id": id, "name": name, "status": status, "impact": impact, "created_at": first, "started_at": first, "updated_at": last, "resolved_at": last if status == "resolved" else None,
        "shortlink": f"https://status.example/{id}", "components": [where], "incident_updates": said,
    }  # fmt: skip


def page_of(name, parts, incidents, planned):
    return {
        "page": {"id": "p1", "name": name, "url": "https://status.example", "time_zone": "UTC"}, "status": {"indicator": "none", "description": "fine"},
        "components": parts, "incidents": incidents, "scheduled_maintenances": planned,
    }  # fmt: skip


class Slack(FakeSlack):
    """Takes what follows a message too: edits, reactions."""

    def check(self, handler, body):
        if handler.path in ("/api/chat.update", "/api/reactions.add", "/api/reactions.remove"):
            return None, {"text": "followed"}
        return super().check(handler, body)


class Scene:
    """The daemon with its world. `at` is the address of its pages."""

    def __init__(self, binary, hostile=False):
        if FAKETIME is None:
            sys.exit("libfaketime is missing: apt-get install faketime")
        self.hostile = hostile
        self.providers, self.slack, self.sink = Providers(hostile), Slack(), Sink()
        self.gone = serve(lambda handler, body: (410, {"content-type": "text/plain"}, b"this hook was removed"))
        self.daemon = Daemon(binary, "", env=KEYS)
        self.daemon.config.write_text(self.config())
        self.at = f"http://127.0.0.1:{self.daemon.private}"

    def word(self, text):
        return self.providers.word(text)

    def config(self, access=""):
        providers, self.paths = self.providers.config()
        services = "".join(f'[services.{n}]\nowner = "{o}"\nuses = {json.dumps(u)}\n{more}\n' for n, (o, u, more) in SERVICES.items())
        gone = f"http://127.0.0.1:{self.gone.server_address[1]}/in"
        note = json.dumps(self.word("Renewal is talked about in spring."))
        return f"""
public_url = "https://hooks.example.com"
catch_all = "platform"
watch = []
snapshot = false
low_water_mb = 0
{access}
{self.slack.channels}
{self.sink.channels}
[webhooks.pager-of-old]
url = "{gone}"
secret = "env:SINK_SECRET"
[owners.search]
slack = "#search-ai"
zone = "America/New_York"
[owners.payments]
webhook = "sink"
zone = "Europe/Dublin"
[owners.voice]
console = true
[owners.research]
console = true
zone = "Asia/Tokyo"
[owners.mobile]
webhook = "pager-of-old"
[owners.platform]
console = true
[connections."openai/main"]
webhook_secret = "env:OPENAI_WHSEC"
api_key = "env:OPENAI_API_KEY"
[connections."anthropic/main"]
webhook_secret = "env:ANTHROPIC_WHSEC"
[connections."stripe/main"]
webhook_secret = "env:STRIPE_WHSEC"
[connections."github/main"]
webhook_secret = "env:GITHUB_WHSEC"
[[deadlines]]
what = {json.dumps(self.word("enterprise contract"))}
provider = "openai"
date = "{day(72)}"
owner = "platform"
note = {note}
{services}
{providers}
"""

    # -- the history

    def live(self, ago, what=lambda: None, read=None):
        """A stretch of the history: the daemon of so many days ago reads its pages, then somebody does something."""
        self.ago, self.providers.day, shift = ago, -int(ago), f"-{int(ago * 86400)}" if ago else None
        self.env = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": shift, "DONT_FAKE_MONOTONIC": "1"} if shift else {}
        self.providers.asked.clear()
        self.daemon.start(**self.env)
        read = self.paths if read is None else {read}
        if not until(lambda: read <= self.providers.asked, 30, 0.1):
            raise RuntimeError(f"never asked: {read - self.providers.asked}")
        self.settle()
        what()
        self.settle()
        if ago:
            self.daemon.stop()

    def settle(self):
        if not self.daemon.settles(30):
            raise RuntimeError("does not settle: " + json.dumps(self.daemon.json("audit")[1]))

    def cli(self, *args, input=None):
        """A command at the time of the scene."""
        args = [self.daemon.binary, *args, "--config", str(self.daemon.config), "--data", str(self.daemon.data)]
        r = subprocess.run(args, capture_output=True, text=True, env={**self.daemon.env, **self.env}, timeout=60, input=input)
        if r.returncode:
            raise RuntimeError(f"forewarn {' '.join(args[1:4])}: {r.stdout[-500:]}{r.stderr[-1500:]}")
        return r.stdout

    def alert(self, about):
        """The number of the open alert about a matter."""
        found = [a for a in json.loads(self.cli("alerts", "--json"))["items"] if a["matter"].endswith(about) and a["state"] != "resolved"]
        if not found:
            raise RuntimeError(f"no alert about {about}")
        return str(found[0]["id"])

    def signed(self, provider, kind):
        """One of our fixtures, signed as the provider signs, at the time of the scene."""
        fixture = PROJECT / "fixtures" / provider / "webhook" / f"{kind}.json"
        body = fixture.read_bytes()
        if self.hostile:
            body = json.dumps(poisoned(json.loads(body), self.word)).encode()
        now = int(time.time() - 86400 * self.ago)
        if provider == "stripe":
            key = SECRETS["STRIPE_WHSEC"].encode()
            headers = {"stripe-signature": f"t={now},v1={hmac.new(key, f'{now}.'.encode() + body, hashlib.sha256).hexdigest()}"}
        elif provider == "github":
            headers = dict(line.split(": ", 1) for line in fixture.with_suffix(".headers").read_text().splitlines())
            headers["x-hub-signature-256"] = "sha256=" + hmac.new(SECRETS["GITHUB_WHSEC"].encode(), body, hashlib.sha256).hexdigest()
        else:
            headers = standard(SECRETS[f"{provider.upper()}_WHSEC"], f"msg_{kind}", body, now)
        status, _, text = self.daemon.hook(provider, body, headers)
        if status != 200:
            raise RuntimeError(f"{provider} {kind}: {status} {text}")

    def build(self):
        """All of it; where only the words count, its beginning and its end."""
        self.live(40)
        if not self.hostile:
            self.history()
        self.live(7)
        self.live(6, self.a_week_ago)
        self.live(3, lambda: self.signed("anthropic", "vault_credential.refresh_failed"))
        self.live(1, lambda: self.signed("stripe", "invoice.payment_failed"))
        self.live(0, self.today)
        return self

    def history(self):
        self.live(33)
        self.live(27, lambda: self.cli("ack", self.alert("demo-opus-7-20250401"), "--by", "aiko", "--note", "evaluating the next one"))
        self.live(20, lambda: self.signed("stripe", "payout.failed"))
        self.live(19.96, read="/openai/status")  # the incident of that day is over,
        self.live(19.95, read="/openai/status")  # and said to be so twice
        self.live(14)
        self.live(13.98, read="/openai/deprecations")  # 28 minutes later: the moved date is read a second time

    def a_week_ago(self):
        plan = str(day(8))
        self.cli("ack", self.alert("gpt-demo-2025-08-07"), "--by", self.word("mei"), "--note", self.word("moving the bot first"), "--plan", plan)
        self.cli("ack", self.alert("gpt-demo-transcribe-long-context-2025-03"), "--by", "jonas", "--plan", str(day(40)))

    def today(self):
        self.signed("openai", "safety.warning_issued")
        self.signed("github", "secret_scanning_alert.created")
        body = json.dumps({"id": "evt_demo", "object": "event", "data": self.word("nothing known")}).encode()
        self.daemon.hook("openai", body, standard(SECRETS["OPENAI_WHSEC"], "evt_demo", body))
        self.daemon.hook("openai", openai_event("evt_bad"), {"webhook-id": "evt_bad"})
        self.daemon.hook("stripe", body, {"stripe-signature": self.word("t=1,v1=00").encode("latin-1", "replace").decode("latin-1")})
        usage = {
            "via": "gateway-eu", "from": at(days=1), "until": at(), "covers": ["openai"],
            "usage": [
                {"subject": "openai:gpt-demo-2025-08-07", "service": "support-bot", "calls": 41200},
                {"subject": "openai:demo-other-04", "project": self.word("team-x"), "calls": 311},
                {"subject": "openai:gpt-demo-audio-2024-12-17", "service": "call-notes", "calls": 905, "place": self.word("src/notes.py:17")},
            ],
        }  # fmt: skip
        self.cli("usage", "import", "-", input=json.dumps(usage))

    def restart(self, access=""):
        """Anew, with more said about access."""
        self.daemon.stop()
        self.daemon.config.write_text(self.config(access))
        self.daemon.start()

    def end(self):
        self.daemon.stop()
        self.daemon.remove()


if __name__ == "__main__":
    o = options(__doc__, hostile=False)
    scene = Scene(o.binary, o.hostile)
    try:
        scene.build()
        input(f"{scene.at}\n{scene.daemon.dir}\n(a line end ends it) ")
    finally:
        scene.end()
