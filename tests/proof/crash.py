#!/usr/bin/env python3
"""Kills the daemon and reconciles what it kept with what it said.

1. Named points: crashpoint.c (an LD_PRELOAD shim, built here) ends the process between two steps of a delivery.
2. Random: kill -9 under load, --cycles times (50 in CI; thousands by hand).
3. Power: as 1, but after the kill every file of the database is put back to its last flush.

The sender keeps a log of the ids answered 2xx and, like a real provider, sends again what was not answered. At the end:
every id answered 2xx is stored exactly once, nothing is stored twice, every routed event is delivered, no channel saw more
duplicate messages than there were crashes and each duplicate has the key of its first, the ledger adds up.
"""

import collections
import http.client
import json
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

from common import SECRETS, Daemon, FakeSlack, Sink, config, new_id, openai_event, run, same_message, standard, until

POINTS = ["before-flush", "after-flush", "before-answer", "after-answer", "before-send", "after-write", "after-send",
          "before-settle", "after-settle"]
CONTACTS = 'slack = "#platform"\nwebhook = "sink"'


class Sender:
    """Threads that deliver to OpenAI's hook, send again what was not answered, and remember what was."""

    def __init__(self, daemon, routed_share):
        self.daemon, self.share = daemon, routed_share
        self.acked, self.unanswered, self.lock = {}, collections.deque(), threading.Lock()
        self.refused = collections.Counter()
        self.go = False

    def one(self):
        with self.lock:
            again = self.unanswered.popleft() if self.unanswered else None
        id, routed, body = again or self.fresh()
        try:
            status = self.daemon.hook("openai", body, standard(SECRETS["OPENAI_WHSEC"], id, body), timeout=10)[0]
        except (OSError, http.client.HTTPException):
            status = None
        with self.lock:
            if status and 200 <= status < 300:
                self.acked[id] = routed
                return True
            self.unanswered.append((id, routed, body))
            if status:
                self.refused[status] += 1
        return False

    def fresh(self):
        id, routed = new_id(), random.random() < self.share
        return id, routed, openai_event(id, routed)

    def load(self, threads):
        self.go = True

        def work():
            while self.go:
                if not self.one():
                    time.sleep(0.005)

        self.threads = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
        for t in self.threads:
            t.start()

    def rest(self):
        self.go = False
        for t in self.threads:
            t.join()

    def finish(self):
        return until(lambda: not self.unanswered or (self.one() and not self.unanswered), 30, 0.01) is not None


def shim(out):
    so = Path(out) / "crashpoint.so"
    subprocess.run(["cc", "-O1", "-Wall", "-shared", "-fPIC", "-o", so, Path(__file__).with_name("crashpoint.c"), "-ldl", "-lpthread"], check=True)
    return so


def reconcile(check, name, daemon, sender, slack, sink, crashes):
    """The daemon runs; it is stopped here, and its store is read as it is on the disk."""
    check(f"{name}: everything unanswered is taken in the end", sender.finish(), f"{len(sender.unanswered)} left, refused {sender.refused}")
    check(f"{name}: nothing stays pending", daemon.settles(120), daemon.json("audit"))
    code, ledger = daemon.json("audit")
    check.equal(f"{name}: the ledger adds up", code, 0)
    check.equal(f"{name}: stops within its time on SIGTERM", daemon.stop(), 0)
    db = sqlite3.connect(f"file:{daemon.data}/forewarn.db?mode=ro", uri=True)
    check.equal(f"{name}: the database is sound", db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
    stored = collections.Counter(json.loads(body)["id"] for (body,) in db.execute("SELECT body FROM payloads WHERE source = 'openai/webhook'"))
    lost = [i for i in sender.acked if i not in stored]
    check(f"{name}: 0 of {len(sender.acked)} acknowledged are lost", not lost, lost[:5])
    twice = {i: n for i, n in stored.items() if n > 1}
    check(f"{name}: 0 stored twice", not twice, list(twice.items())[:5])
    events = collections.Counter(i for (i,) in db.execute("SELECT native_id FROM events WHERE source = 'openai/webhook'"))
    missing = [i for i in sender.acked if not any(k in events for k in (i, f"alert_{i}", f"resp_{i}"))]
    check(f"{name}: each became one event", not missing and max(events.values(), default=0) <= 1, (missing[:3], events.most_common(2)))
    routed = sum(sender.acked.values())
    alerts = db.execute("SELECT count(*) FROM alerts WHERE matter LIKE 'openai:%alert_evt_%'").fetchone()[0]
    check.equal(f"{name}: each of {routed} routed opened one alert", alerts, routed)
    undelivered = db.execute("SELECT state, count(*) FROM obligations WHERE state <> 'delivered' GROUP BY state").fetchall()
    check(f"{name}: every obligation is delivered", not undelivered, undelivered)
    owed = {a for (a,) in db.execute("SELECT id FROM alerts WHERE matter LIKE 'openai:%alert_evt_%'")}
    for channel in ("slack", "webhook"):
        told = {a for (a,) in db.execute("SELECT o.alert FROM obligations o JOIN notifications n ON n.id = o.notification WHERE n.channel LIKE ?1 || '%'", (channel,))}
        check(f"{name}: {channel} was told of each", owed <= told, len(owed - told))
    keys = {k for (k,) in db.execute("SELECT key FROM notifications WHERE channel LIKE 'webhook%'")}
    got = collections.Counter(k for k, _ in sink.received)
    check(f"{name}: the webhook receiver has exactly the messages of the outbox ({len(keys)})", set(got) == keys, (len(keys - set(got)), len(set(got) - keys)))
    n = sum(got.values()) - len(got)
    check(f"{name}: at most one duplicate webhook per crash, same key ({n} in {crashes})", n <= crashes)
    notes = db.execute("SELECT count(*) FROM notifications WHERE channel LIKE 'slack%'").fetchone()[0]
    seen = collections.Counter(map(same_message, slack.messages))
    check.equal(f"{name}: Slack has exactly the messages of the outbox", len(seen), notes)
    n = sum(seen.values()) - len(seen)
    check(f"{name}: at most one duplicate on Slack per crash ({n} in {crashes})", n <= crashes)
    check(f"{name}: Slack and the webhook receiver found nothing to refuse", not slack.broken and not sink.wrong, (slack.broken[:3], len(sink.wrong)))
    db.close()


def new(binary, share, **env):
    slack, sink = FakeSlack(), Sink()
    daemon = Daemon(binary, config(slack.channels + sink.channels, CONTACTS), env=env)
    return daemon, Sender(daemon, share), slack, sink


def back_to_last_flush(data, flushed):
    """What a power cut may leave: of every file only what was flushed; a file never flushed is gone."""
    for f in data.glob("forewarn.db*"):
        f.unlink()
        if (flushed / f.name).exists():
            shutil.copy(flushed / f.name, f)


def at_points(check, binary, so, most, power):
    """Every point, from its first time on, until it is not reached any more or `most` times."""
    name = "power" if power else "points"
    daemon, sender, slack, sink = new(binary, 0.5)
    flushed = daemon.dir / "flushed"
    crashes, reached = 0, collections.Counter()
    for point in POINTS:
        for n in range(1, most + 1):
            env = {"LD_PRELOAD": str(so), "CRASH_AT": f"{point}:{n}", "CRASH_INTAKE": str(daemon.intake), "CRASH_CHANNEL": str(slack.port)}
            if power:
                shutil.rmtree(flushed, ignore_errors=True)
                flushed.mkdir()
                for f in daemon.data.glob("forewarn.db*") if daemon.data.exists() else []:
                    shutil.copy(f, flushed / f.name)  # what is there before the start is on the disk
                env["CRASH_POWER"] = str(flushed)
            daemon.start(**env)
            sender.load(2)
            ended = until(lambda: not daemon.alive(), 0.6 if n > 1 else 2.5, 0.01)
            sender.rest()
            if not ended:  # quiet: only now the rare steps are reached
                ended = until(lambda: not daemon.alive(), 1.5, 0.01)
            if not ended:
                daemon.kill()
            else:
                reached[point] += 1
            crashes += 1
            if power:
                back_to_last_flush(daemon.data, flushed)
            if not ended:
                break
    check(f"{name}: each named point was reached: {dict(reached)}", all(reached[p] for p in POINTS))
    daemon.start()
    reconcile(check, name, daemon, sender, slack, sink, crashes)
    daemon.remove()


def points(check, o):
    at_points(check, o.binary, shim(Path(o.binary).parent), o.most, power=False)


def power(check, o):
    at_points(check, o.binary, shim(Path(o.binary).parent), o.most, power=True)


def at_random(check, o):
    seed = o.seed or random.randrange(1 << 30)
    random.seed(seed)
    daemon, sender, slack, sink = new(o.binary, 0.02)
    started = time.monotonic()
    for _ in range(o.cycles):
        daemon.start()
        sender.load(4)
        time.sleep(random.uniform(0.02, 0.9))
        daemon.kill()
        sender.rest()
    print(f"seed {seed}: {o.cycles} cycles in {time.monotonic() - started:.0f} s, {len(sender.acked)} acknowledged")
    daemon.start()
    reconcile(check, "random", daemon, sender, slack, sink, o.cycles)
    daemon.remove()


if __name__ == "__main__":
    run(__doc__, {"points": points, "power": power, "random": at_random}, cycles=50, most=4, seed=0)
