#!/usr/bin/env python3
"""A full disk: deliveries get 503 with Retry-After and nothing acknowledged is lost; with room again the daemon goes on by
itself. Two ways of being full: below the low-water mark, and no page left while it writes. Needs root for a small tmpfs.
"""

import errno
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from common import SECRETS, Daemon, config, new_id, openai_event, run, standard, until


def mount(size):
    folder = Path(tempfile.mkdtemp(prefix="forewarn-small-"))
    r = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", folder], capture_output=True, text=True)
    if r.returncode:
        folder.rmdir()
        print(f"SKIPPED: no small tmpfs here, the full disk is NOT proven: {r.stderr.strip()}")
        print("0 passed, 0 failed")
        sys.exit(0)
    return folder


def fill(folder, leave):
    """A file that takes all room but `leave` bytes; all of it, where the daemon took some meanwhile."""
    v = os.statvfs(folder)
    free = v.f_bavail * v.f_frsize
    try:
        with open(folder / "ballast", "ab", buffering=0) as f:
            f.write(b"\0" * max(0, free - leave))
    except OSError as e:
        if e.errno != errno.ENOSPC:
            raise


def deliver(d, acked, pad=0):
    id = new_id()
    event = json.loads(openai_event(id, routed=False))
    body = json.dumps({**event, "pad": "x" * pad}).encode()
    status, headers, _ = d.hook("openai", body, standard(SECRETS["OPENAI_WHSEC"], id, body))
    if status == 200:
        acked.append(id)
    return status, headers


def full(check, d, folder, name, leave, acked, pad):
    fill(folder, leave)
    seen = []

    def refused():
        seen.append(deliver(d, acked, pad))
        return seen[-1][0] == 503

    check(f"{name}: 503 in the end", until(refused, 60, 0.002), [s for s, _ in seen[-3:]])
    check(f"{name}: with Retry-After", seen[-1][1].get("retry-after", "").isdigit(), seen[-1])
    check(f"{name}: nothing but 200 and 503", {s for s, _ in seen} <= {200, 503}, {s for s, _ in seen})
    statuses = [deliver(d, acked, pad)[0] for _ in range(30)]
    check(f"{name}: it stays alive and answers", d.alive() and set(statuses) <= {200, 503}, statuses)
    check(f"{name}: a wrong signature is still 401", d.hook("openai", b"{}", standard(SECRETS["ANTHROPIC_WHSEC"], new_id(), b"{}"))[0] == 401)
    pid = d.process.pid
    (folder / "ballast").unlink()
    check(f"{name}: with room again 200", until(lambda: deliver(d, acked)[0] == 200, 60, 0.2))
    check(f"{name}: without a restart", d.alive() and d.process.pid == pid)


def one(check, o, name, low_water_mb, leave, pad):
    folder = mount(o.size)
    d = Daemon(o.binary, config(settings=f"low_water_mb = {low_water_mb}"), data=folder / "data")
    acked = []
    try:
        d.start()
        check.equal(f"{name}: 200 while there is room", deliver(d, acked)[0], 200)
        full(check, d, folder, name, leave, acked, pad)
        check(f"{name}: everything settles", d.settles(60), d.log()[-800:])
        check.equal(f"{name}: the ledger adds up", d.json("audit")[0], 0)
        check.equal(f"{name}: SIGTERM", d.stop(), 0)
        db = sqlite3.connect(f"file:{d.data}/forewarn.db?mode=ro", uri=True)
        stored = [json.loads(b)["id"] for (b,) in db.execute("SELECT body FROM payloads")]
        check.equal(f"{name}: the database is sound", db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        check(f"{name}: 0 of {len(acked)} acknowledged are lost, none stored twice", set(acked) <= set(stored) and len(stored) == len(set(stored)), (len(acked), len(stored)))
        db.close()
    finally:
        d.remove()
        subprocess.run(["umount", "-l", folder])
        folder.rmdir()


def low(check, o):
    one(check, o, "below the low-water mark", 64, 8 << 20, 0)


def no_page(check, o):
    one(check, o, "no page left", 0, 96 << 10, 20_000)


if __name__ == "__main__":
    run(__doc__, {"low": low, "no_page": no_page}, size="192m")
