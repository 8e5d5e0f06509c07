#!/usr/bin/env python3
"""The private side over a large store: 100,000 deprecations, 1,000,000 events, 20,000 alerts, 200 services.

Measured by one client on loopback, one request after another on a connection of its own: the first page, a page of the calendar (100
rows of one provider over 90 days, by the API), the list and a deprecation in a browser's words, iCalendar of 10,000 events cold and
kept (by turns with a server that only hands out the same bytes, read by a client that only receives), the time from making the process to its first answer; and what intake answers beside a client that asks for the first page
without a pause.

    cargo build --release && python3 benches/pages.py [--events 1000000] [--deprecations 100000]

The store is made by the binary itself and filled here. The last line is one JSON object; docs/performance.md explains it. It ends
non-zero when an answer is not 200, never because of a time.
"""

import datetime
import http.client
import json
import math
import re
import socket
import sqlite3
import statistics
import sys
import threading
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "proof"))
from common import Daemon, options, until  # noqa: E402

TODAY = datetime.date.today()
NOW = int(time.time() * 1000)
STAMP = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
PROVIDERS = [f"demo{n:02d}" for n in range(20)]
TO_COME = 9_500  # deprecations of the feed: from a year back on; with 500 maintenances they make 10,000 events


def config():
    services = "".join(
        f'[services.service-{n}]\nowner = "owner-{n % 10}"\nuses = ["{PROVIDERS[n % 20]}:model-{n * 3}", "{PROVIDERS[n % 20]}:model-{n * 7 + 1}"]\n'
        for n in range(200)
    )
    owners = "".join(f"[owners.owner-{n}]\nconsole = true\n" for n in range(10))
    return (
        'watch = []\nsnapshot = false\nlow_water_mb = 0\n[connections."openai/main"]\nwebhook_secret = "env:OPENAI_WHSEC"\n'
        '[provider.openai.sources.deprecations]\nevidence = "U"\n' + owners + services
    )


def deprecation(n, all):
    provider, id = PROVIDERS[n % 20], f"model-{n}"
    # Most are long past, as in any store that grew; the rest are spread from a year back to three years on.
    day = TODAY + datetime.timedelta(days=-364 + n % 1_459) if n < TO_COME else TODAY - datetime.timedelta(days=400 + n % 3_000)
    on = day.isoformat()
    deadline = {"date": on, "at": None, "precision": "day", "firmness": "firm", "zone": None, "text": on, "revision": 1}
    text = f"{on} | {id} | model-{n + 1}"
    claim = {"rank": "page", "deadline": deadline, "announced_on": None, "replacements": [f"model-{n + 1}"], "text": text, "url": "https://provider.example/deprecations", "read_at": STAMP, "ended": False, "withdrawn": False}
    state = {
        "id": f"{provider}:{id}", "kind": "deprecation", "provider": provider, "connection": None, "stage": "announced" if day >= TODAY else "retired",
        "title": f"{id} shuts down", "summary": text, "severity": "major", "url": "https://provider.example/deprecations",
        "subjects": [{"platform": provider, "type": "model", "id": id, "region": None, "deployment": None, "account": None}],
        "deadline": deadline, "announced_on": None, "replacements": [f"model-{n + 1}"], "money": None, "window": None,
        "claims": {f"{provider}/deprecations": claim}, "opened_at": STAMP, "latest_at": STAMP, "latest_fingerprint": "00", "baseline": True, "listing": None, "revision": 1, "version": 1,
    }  # fmt: skip
    return state["id"], "deprecation", state["stage"], on, 1, json.dumps(state, separators=(",", ":"))


def maintenance(n):
    id, kind, _, _, version, text = deprecation(n, 0)
    at = (TODAY + datetime.timedelta(days=1 + n % 60)).isoformat() + "T10:00:00Z"
    state = {**json.loads(text), "id": f"{id[:6]}:maintenance/m{n}", "kind": "maintenance", "stage": "open", "deadline": None, "claims": {}, "window": {"from": at, "until": None}}
    return state["id"], "maintenance", "open", None, version, json.dumps(state, separators=(",", ":"))


def event(n, deprecations):
    m = n % deprecations
    provider, id = PROVIDERS[m % 20], f"model-{m}"
    subjects = f'[{{"platform":"{provider}","type":"model","id":"{id}","region":null,"deployment":null,"account":null}}]'
    at = NOW - (1_000_000 - n) * 30_000
    return n.to_bytes(16, "big"), "deprecation", provider, f"{provider}/deprecations", f"{provider}:{id}", "announced", "major", f"{id} shuts down", "row", subjects, at, at, "unused"


def fill(path, events, deprecations):
    c = sqlite3.connect(path)
    into = "INSERT INTO matters (id, kind, stage, shutdown_on, version, state, provider) VALUES (?1,?2,?3,?4,?5,?6, json_extract(?6, '$.provider'))"
    c.executemany(into, (deprecation(n, deprecations) for n in range(deprecations)))
    c.executemany(into, (maintenance(n) for n in range(500)))
    c.executemany("INSERT INTO matter_subjects (subject, matter) VALUES (?,?)", ((f"{PROVIDERS[n % 20]}:model/model-{n}", f"{PROVIDERS[n % 20]}:model-{n}") for n in range(deprecations)))
    c.executemany(
        "INSERT INTO events (fingerprint, kind, provider, source, matter, change, severity, title, summary, subjects, occurred_at, received_at, routing) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (event(n, deprecations) for n in range(events)),
    )
    c.execute("UPDATE counters SET n = n + ? WHERE name = 'events'", (events,))
    alerts = ((f"{PROVIDERS[n % 20]}:model-{n}", f"owner-{n % 10}", "open" if n < 500 else "resolved") for n in range(min(20_000, deprecations)))
    c.executemany(
        "INSERT INTO alerts (matter, owner, policy, why, services, state, episode, opened_at, baseline, told_revision, version) VALUES (?,?,'deprecation','uses','[]',?,1,1,0,1,1)", alerts
    )
    c.commit()
    c.close()


def get(port, path, headers=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        began = time.perf_counter()
        c.request("GET", path, headers=headers or {})
        r = c.getresponse()
        body = r.read()
        took = (time.perf_counter() - began) * 1000
        if r.status not in (200, 304):
            sys.exit(f"{path}: {r.status} {body[:300]!r}")
        return took, body
    finally:
        c.close()


def fetch(port, path, room, headers=""):
    """Milliseconds until all of an answer lies in `room`, and its head: a client that neither allocates nor looks at what comes."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n".encode())
        at, end = 0, None
        while end is None or at < end:
            n = s.recv_into(room[at:])
            if n == 0:
                sys.exit(f"{path}: closed after {at} bytes")
            at += n
            if end is None and (blank := bytes(room[:4096]).find(b"\r\n\r\n")) > 0:
                head = bytes(room[:blank]).decode().lower()
                length = re.search(r"content-length: (\d+)", head)
                end = blank + 4 + (int(length[1]) if length else 0)
    took = (time.perf_counter() - began) * 1000
    if not head.startswith(("http/1.1 200", "http/1.1 304")):
        sys.exit(f"{path}: {head[:300]}")
    return took, head


def bare(body):
    """A server that hands out these bytes and does nothing else: what sending and receiving them costs here."""
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            c, _ = listener.accept()
            with c:
                c.recv(4096)
                c.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def kept(d, rounds):
    """The kept calendar by turns with a bare server of the same bytes, and asked for by who has it."""
    path, room = "/calendar.ics?within=3000d", memoryview(bytearray(32 << 20))
    _, body = get(d.private, path)
    floor, times, bares, same = bare(body), [], [], []
    _, head = fetch(d.private, path, room)
    tag = re.search(r"etag: (.*)", head)[1].strip()
    for _ in range(rounds):
        times.append(fetch(d.private, path, room)[0])
        bares.append(fetch(floor, path, room)[0])
        took, head = fetch(d.private, path, room, f"if-none-match: {tag}\r\n")
        if not head.startswith("http/1.1 304"):
            sys.exit(f"who has it already is answered {head[:200]}")
        same.append(took)
    return figures(times), figures(bares), figures(same)


def figures(times):
    times = sorted(times)
    return {"p50": round(statistics.median(times), 2), "p99": round(times[math.ceil(len(times) * 0.99) - 1], 2), "worst": round(times[-1], 2), "of": len(times)}


def start(d):
    """Milliseconds from before the process is made to its first answer to a page."""
    began = time.perf_counter()
    d.start(wait=False)
    until(lambda: answers(d.private), 20, 0.0005)
    return (time.perf_counter() - began) * 1000


def answers(port):
    try:
        get(port, "/healthz")
        return True
    except OSError:
        return False


def intake(d, seconds, beside=None):
    """Milliseconds of one delivery after the other."""
    stop = threading.Event()
    asked = [0]

    def ask():
        while not stop.is_set():
            get(d.private, beside)
            asked[0] += 1

    other = threading.Thread(target=ask) if beside else None
    if other:
        other.start()
    times, end, n = [], time.monotonic() + seconds, 0
    while time.monotonic() < end:
        began = time.perf_counter()
        status = d.openai(f"evt_bench_{beside is not None}_{n}", False)
        times.append((time.perf_counter() - began) * 1000)
        n += 1
        if status != 200:
            sys.exit(f"a delivery was answered {status}")
    stop.set()
    if other:
        other.join()
    return {**figures(times), "pages_beside": asked[0]}


def main():
    o = options(__doc__, events=1_000_000, deprecations=100_000, rounds=200)
    d = Daemon(o.binary, config()).start()
    d.stop()
    try:
        fill(d.data / "forewarn.db", o.events, o.deprecations)
        starts = []
        for _ in range(9):
            starts.append(start(d))
            if len(starts) < 9:
                d.stop()
        paths = {
            "first_page": "/",
            "calendar_query": f"/api/v1/deprecations?provider={PROVIDERS[3]}&within=90d&past=0d&limit=100",
            "calendar_list": "/calendar?view=list&within=90&past=0&show=all",
            "calendar_month": "/calendar",
            "deprecation": f"/deprecations/{PROVIDERS[0]}:model-20",
            "events": "/events",
            "alerts": "/alerts",
        }
        out = {name: figures([get(d.private, path)[0] for _ in range(o.rounds)]) for name, path in paths.items()}
        found = len(json.loads(get(d.private, paths["calendar_query"])[1])["items"])
        if found < min(20, o.deprecations):
            sys.exit(f"a query of the calendar finds {found}")
        cold = []
        for n in range(9):
            # A delivery changes nothing of the calendar; another span is another text.
            took, body = get(d.private, f"/calendar.ics?within={3_000 + n}d")
            cold.append(took)
        count = body.count(b"BEGIN:VEVENT")
        out["ics_cold"], out["ics_events"], out["ics_bytes"] = figures(cold), count, len(body)
        out["ics_kept"], out["ics_bare"], out["ics_not_modified"] = kept(d, o.rounds)
        out["start_ms"] = figures(starts)
        out["intake_alone"], out["intake_beside_pages"] = intake(d, 5), intake(d, 5, "/")
        out["rss_mb"] = d.rss_kb() // 1024
        bars = {
            "first page <= 50 ms (p99)": out["first_page"]["p99"] <= 50, "calendar query p99 <= 3 ms": out["calendar_query"]["p99"] <= 3,
            "iCalendar of 10,000 cold <= 50 ms": out["ics_cold"]["p50"] <= 50, "kept <= 2 ms": out["ics_kept"]["p50"] <= 2, "start <= 50 ms": out["start_ms"]["p50"] <= 50,
        }  # fmt: skip
        out["bars"] = bars
        for k, v in out.items():
            print(f"{k}: {v}")
        print(json.dumps(out))
    finally:
        d.stop()
        d.remove()


if __name__ == "__main__":
    main()
