#!/usr/bin/env python3
"""The daemon under a wrong clock, with libfaketime of Debian (package faketime). The monotonic clock stays real; what a file
says is the wall clock, and it is read at every call.

1. `down`: 30 days off across three rungs are one message, which names the most urgent.
2. `jump`: 90 days too far for 90 s, and back: the operators hear of it, nobody else hears anything, though every job ticked on;
   what came in meanwhile is told afterwards, and pages are read again. Two days back is no different.
3. `start`: a first start in 2099 and a later one in 1970 take deliveries and do nothing else until the clock is right (C6);
   after 60 days somebody must have looked, or other servers agree.
"""

import json
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from common import SECRETS, Daemon, Sink, new_id, openai_event, run, serve, standard, until

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
OFF = ["status", "changelog", "changelog.news", "changelog.blog", "changelog.codex", "changelog.python"]
DAY = 86_400


class World:
    """A deprecations page with one model that ends in `days`, two owners' sinks, and a clock that a file sets."""

    def __init__(self, binary, days):
        self.on = (datetime.now(timezone.utc) + timedelta(days=days)).date()
        self.asked, self.lock = 0, threading.Lock()
        self.page = serve(self.answer)
        self.owner, self.operators = Sink(), Sink()
        self.file = Path(tempfile.mkdtemp(prefix="forewarn-clock-")) / "offset"
        self.set(0)
        off = "".join(f'[provider.openai.sources."{name}"]\nevidence = "U"\n' for name in OFF)
        url = lambda s: f"http://127.0.0.1:{s.server.server_address[1]}/in"
        config = f"""
watch = ["openai"]
digest = "off"
snapshot = false
low_water_mb = 0
[webhooks.search]
url = "{url(self.owner)}"
secret = "env:SINK_SECRET"
[webhooks.ops]
url = "{url(self.operators)}"
secret = "env:SINK_SECRET"
[owners.search]
webhook = "search"
[owners.operators]
webhook = "ops"
[services.bot]
owner = "search"
uses = ["openai:gpt-demo-1"]
[connections."openai/main"]
webhook_secret = "env:OPENAI_WHSEC"
owner = "search"
[provider.openai.sources.deprecations]
url = "http://127.0.0.1:{self.page.server_address[1]}/deprecations.md"
every = "10s"
guards = {{ must_contain = ["Deprecations"], min_rows = 1 }}
{off}"""
        env = {
            "LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }  # fmt: skip
        self.d = Daemon(binary, config)
        self.fake = env

    def answer(self, handler, body):
        with self.lock:
            self.asked += 1
        rows = f"| {self.on} | `gpt-demo-1` | `gpt-demo-2` |\n| 2099-01-01 | `gpt-far` | `gpt-demo-2` |\n"
        text = f"# Deprecations\n\n## Upcoming\n\n### Models\n\n| Shutdown date | Model | Recommended replacement |\n| --- | --- | --- |\n{rows}"
        return 200, {"content-type": "text/markdown; charset=utf-8"}, text.encode()

    def start(self, *flags):
        return self.d.start(flags=flags, **self.fake)

    def set(self, seconds):
        """The wall clock is so many seconds wrong from now on."""
        self.offset = seconds
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+d}")
        new.rename(self.file)

    def heard(self, sink):
        return [json.loads(b)["data"] for _, b in sink.received]

    def told(self):
        """What the owner heard of the model: the rungs."""
        return [row["step"] for m in self.heard(self.owner) for row in m["rows"] if row["kind"] == "deprecation"]

    def clock_words(self):
        return [row["title"] for m in self.heard(self.operators) for row in m["rows"] if row["matter"] == "forewarn:source/clock"]

    def runs(self):
        _, status = self.d.json("status")
        return {t["name"]: t["runs"] for t in status["tasks"]}, status

    def deliver(self):
        """A delivery that was signed by the same clock, as a sender's would be if only ours were right."""
        id = new_id()
        body = openai_event(id)
        ts = int(time.time()) + self.offset
        return self.d.hook("openai", body, standard(SECRETS["OPENAI_WHSEC"], id, body, str(ts)))[0]

    def remove(self):
        self.d.remove()
        for s in (self.page, self.owner.server, self.operators.server):
            s.shutdown()


def down(check, o):
    w = World(o.binary, 35)
    try:
        w.start()
        check("35 days before, the owner hears of it", until(w.told, 30), w.d.log()[-1500:])
        check.equal("SIGTERM", w.d.stop(), 0)
        before = len(w.told())
        w.set(30 * DAY)
        w.start()
        check("30 days later there is a message", until(lambda: len(w.told()) > before, 30), w.d.log()[-1500:])
        check("the reminder ticked on", until(lambda: w.runs()[0]["remind"] >= 3, 60), w.runs()[0])
        check.equal("one message, of the most urgent of three rungs", w.told()[before:], ["7d"])
        words = w.heard(w.owner)[-1]["headline"]
        check("which says how long is left", "5 days" in words or "4 days" in words, words)
        check.equal("the ledger adds up", w.d.json("audit")[0], 0)
        check.equal("SIGTERM", w.d.stop(), 0)
    finally:
        w.remove()


def jump(check, o):
    w = World(o.binary, 100)
    try:
        w.start()
        check("the page is read", until(lambda: w.asked > 0, 20))
        check("nothing of it is near", until(lambda: w.runs()[0]["remind"] >= 1, 30) and not w.told(), w.told())
        w.set(90 * DAY)
        at = time.monotonic()
        check("90 days too far: the operators are told", until(w.clock_words, 20) == ["the clock jumped"], (w.clock_words(), w.d.log()[-1500:]))
        first, status = w.runs()
        check("and health is red", not status["healthy"] and "jumped" in json.dumps(status), status)
        check.equal("a delivery is taken all the same", w.deliver(), 200)
        asked = w.asked
        time.sleep(max(0, 90 - (time.monotonic() - at)))
        last, _ = w.runs()
        ticks = {name: last[name] - first[name] for name in ("remind", "clock", "deliver webhook.search", "poll", "normalize")}
        print(f"      ticks meanwhile: {ticks}")
        check("every job ticked on", ticks["remind"] >= 3 and ticks["clock"] >= 10 and all(n >= 3 for n in ticks.values()), ticks)
        check.equal("the owner heard nothing in 90 s", w.owner.received, [])
        check.equal("no page was asked", w.asked, asked)
        w.set(0)
        check("right again: the operators are told", until(lambda: len(w.clock_words()) == 2, 20), w.clock_words())
        check("what was delivered meanwhile is told now", until(lambda: w.owner.received, 20), w.d.log()[-1500:])
        check("and pages are read again", until(lambda: w.asked > asked, 30), (asked, w.asked))
        ticked = w.runs()[0]["remind"]
        check("the reminder ticked twice more", until(lambda: w.runs()[0]["remind"] >= ticked + 2, 60))
        check.equal("of the model nothing was said", w.told(), [])
        check.equal("nothing is dead", w.d.json("status")[1]["dead_letters"], [])
        w.set(-2 * DAY)
        check("two days back: the operators are told", until(lambda: len(w.clock_words()) == 3, 20), w.clock_words())
        w.set(0)
        check("right again", until(lambda: len(w.clock_words()) == 4, 20), w.clock_words())
        check.equal("still nothing was said of the model", w.told(), [])
        check("all is settled", w.d.settles(), w.d.json("audit"))
        check.equal("SIGTERM", w.d.stop(), 0)
    finally:
        w.remove()


def start(check, o):
    w = World(o.binary, 100)
    try:
        w.set(73 * 365 * DAY)
        w.start()
        check("a first start in 2099: the operators are told", until(w.clock_words, 20) == ["the clock cannot be right"], (w.clock_words(), w.d.log()[-1500:]))
        status = w.d.json("status")[1]
        check("health is red", not status["healthy"] and "cannot be right" in json.dumps(status), status["findings"])
        check.equal("a delivery is taken all the same", w.deliver(), 200)
        first, _ = w.runs()
        time.sleep(25)
        last, _ = w.runs()
        check("every job ticks", all(last[n] > first[n] for n in ("remind", "clock", "poll", "normalize", "deliver webhook.search")), (first, last))
        check.equal("no page was asked, the owner heard nothing", (w.asked, w.owner.received), (0, []))
        w.set(0)
        check("right: the operators are told", until(lambda: len(w.clock_words()) == 2, 20), w.clock_words())
        check("the page is read, and what was delivered is told", until(lambda: w.asked and w.owner.received, 30), (w.asked, w.d.log()[-1500:]))
        heard = len(w.owner.received)
        check.equal("SIGTERM", w.d.stop(), 0)

        w.set(-56 * 365 * DAY)
        asked = w.asked
        w.start()
        check("a later start in 1970: the operators are told", until(lambda: len(w.clock_words()) == 3, 20), (w.clock_words(), w.d.log()[-1500:]))
        time.sleep(25)
        check.equal("nothing is asked or told", (w.asked, len(w.owner.received)), (asked, heard))
        w.set(0)
        check("right again by itself", until(lambda: len(w.clock_words()) == 4, 20), w.clock_words())
        check("pages are read again", until(lambda: w.asked > asked, 30), w.asked)
        check.equal("SIGTERM", w.d.stop(), 0)

        w.set(60 * DAY)
        w.start()
        check("60 days later is doubted too", until(lambda: len(w.clock_words()) == 5, 20), w.clock_words())
        check("the log says what to do", "--trust-clock" in w.d.log(), w.d.log()[-1500:])
        time.sleep(25)
        check.equal("of the model nothing was said", w.told(), [])
        check.equal("SIGTERM", w.d.stop(), 0)
        w.start("--trust-clock")
        check("somebody has looked: the rung of that day is told", until(w.told, 40) == ["60d"], (w.told(), w.d.log()[-1500:]))
        check("and the operators hear that it goes on", until(lambda: len(w.clock_words()) == 6, 20), w.clock_words())
        check.equal("SIGTERM", w.d.stop(), 0)
    finally:
        w.remove()


if __name__ == "__main__":
    if not LIBRARIES:
        print("SKIPPED: no libfaketime (apt-get install faketime)\n0 passed, 0 failed")
        sys.exit(0)
    run(__doc__, {"down": down, "jump": jump, "start": start})
