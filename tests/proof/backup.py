#!/usr/bin/env python3
"""Copies under load, and what a copy that is put back does.

1. copies: every second `forewarn backup` while webhooks come in and messages go out (--seconds 15 in CI, 60 and more by hand).
   Each copy is sound for SQLite itself, private, holds everything answered 2xx before it began, is put back into a folder of
   its own, and its ledger adds up.
2. old copy: the first one is put back in place of the live data: webhooks are taken, nothing is sent, `resume` lists first,
   then lets go; no number of an alert is given out twice.
"""

import shutil
import sqlite3
import time

from common import Daemon, FakeSlack, config, new_id, post, run, until
from crash import Sender


def load(o):
    slack = FakeSlack()
    daemon = Daemon(o.binary, config(slack.channels, 'slack = "#platform"')).start()
    sender = Sender(daemon, 0.05)
    sender.load(2)
    return daemon, sender, slack


def ids(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        got = {i for (i,) in db.execute("SELECT json_extract(CAST(body AS TEXT), '$.id') FROM payloads WHERE source = 'openai/webhook'")}
        return sound, got, {a for (a,) in db.execute("SELECT id FROM alerts")}
    finally:
        db.close()


def copies(check, o):
    daemon, sender, slack = load(o)
    folder = daemon.dir / "copies"
    folder.mkdir()
    made, took, end = [], [], time.monotonic() + o.seconds
    while time.monotonic() < end:
        before = set(sender.acked)
        at = time.monotonic()
        to = folder / f"{len(made)}.db"
        code, out, err = daemon.cli("backup", str(to))
        took.append(time.monotonic() - at)
        if code != 0:
            check("backup", False, (code, out, err))
            break
        made.append((to, before))
        time.sleep(max(0.0, 1 - (time.monotonic() - at)))
    sender.rest()
    check(f"{len(made)} copies under load of {len(sender.acked)} webhooks, slowest {max(took):.2f} s", len(made) >= min(o.seconds, 5) // 2 and len(sender.acked) > 100)
    wrong, lost, loose, unsound = [], 0, [], []
    for to, before in made:
        sound, got, _ = ids(to)
        wrong += [to.name] if sound != "ok" else []
        lost += len(before - got)
        loose += [to.name] if to.stat().st_mode & 0o777 != 0o600 else []
        other = daemon.dir / "other"
        shutil.rmtree(other, ignore_errors=True)
        there = Daemon(daemon.binary, daemon.config.read_text(), data=other)
        code, out, err = there.cli("restore", str(to))
        audit = there.cli("audit")
        if code != 0 or audit[0] != 0:
            unsound.append((to.name, code, out, err, audit))
        there.remove()
    check.equal("every copy is sound for SQLite itself", wrong, [])
    check.equal("nothing answered before a copy began is missing in it", lost, 0)
    check.equal("every copy is private", loose, [])
    check("every copy is put back and its ledger adds up", not unsound, unsound[:2])
    check("no drafts are left", not [p for p in folder.iterdir() if p.suffix != ".db"], list(folder.iterdir()))
    check("a copy over another is refused", daemon.cli("backup", str(made[0][0]))[0] == 2)
    check("a copy into a folder gets a name", daemon.cli("backup", str(daemon.dir))[0] == 0 and list(daemon.dir.glob("forewarn-2*Z.db")))
    check("the metric knows of it", b"forewarn_backup_timestamp_seconds" in metrics(daemon))
    check.equal("restoring beside a running daemon is refused", daemon.cli("restore", str(made[0][0]))[0], 4)
    daemon.remove()


def metrics(daemon):
    return post(daemon.private, "/metrics", None, method="GET")[2]


def old_copy(check, o):
    daemon, sender, slack = load(o)
    until(lambda: len(slack.messages) >= 2, 30)
    copy = daemon.dir / "old.db"
    check.equal("the copy", daemon.cli("backup", str(copy))[0], 0)
    time.sleep(3)
    sender.rest()
    check("all is told", daemon.settles(60))
    check.equal("stops", daemon.stop(), 0)
    _, _, alerts = ids(daemon.data / "forewarn.db")
    code, out, err = daemon.cli("restore", str(copy))
    check("restored, the old one kept", code == 0 and "before-restore" in out, (code, out, err))
    check("the old one is there", list(daemon.data.glob("*before-restore*.db")))
    slack.messages.clear()
    daemon.start()
    news = [new_id() for _ in range(5)]
    check.equal("webhooks are taken", [daemon.openai(i) for i in news], [200] * 5)
    time.sleep(6)
    check.equal("nothing is sent", len(slack.messages), 0)
    code, status = daemon.json("status")
    check("status says so", any("resume" in f for f in status["findings"]), status["findings"])
    code, out, err = daemon.cli("resume")
    check("resume lists first", code == 3 and "platform/slack" in out and "#" in out, (code, out, err))
    code, listed = daemon.json("resume")
    told = {a for m in listed["messages"] for a in m["alerts"]}
    time.sleep(2)
    check.equal("and sends nothing by that", (len(slack.messages), listed["resumed"]), (0, False))
    new = {a["id"] for a in daemon.all("alerts")} - alerts
    check("no number is given out twice", len(new) >= 5 and min(new) >= max(alerts) and new <= told, (sorted(new)[:3], max(alerts)))
    check.equal("after a restart it is still held", (daemon.stop(), daemon.start() is daemon, len(slack.messages)), (0, True, 0))
    code, out, err = daemon.cli("resume", "--yes")
    check("resume --yes", code == 0 and "Resumed" in out, (code, out, err))
    check("what was listed goes", until(lambda: len(slack.messages) >= 1, 20))
    check("nothing stays pending", daemon.settles(60))
    check.equal("the ledger adds up", daemon.json("audit")[0], 0)
    sent = len(slack.messages)
    check("in few messages, not one for each alert", sent <= len(listed["messages"]) + 1, (sent, len(told)))
    daemon.remove()


if __name__ == "__main__":
    run(__doc__, {"copies": copies, "old": old_copy}, seconds=15)
