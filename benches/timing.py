#!/usr/bin/env python3
"""Does the time of a refusal tell how much of a forged signature was right? (case V19)

Compared, interleaved in random order on one connection: requests with a GitHub signature of which the first 0, 1, 8, 16, 24 or 31
bytes are right, and for scale a signature that cannot be decoded, which is refused before any hashing. Each request's answer time
is measured on loopback; the slowest tenth is dropped (scheduling); each class is held against class 0 with Welch's t-test, as
dudect does (https://eprint.iacr.org/2016/1123): |t| under 4.5 means no difference was found in so many requests.

    cargo build --release && python3 benches/timing.py [--requests 100000]

The last line is one JSON object with all figures. It ends non-zero when a forged signature was taken or a class separates in two
measurements of two (a single one can: the threshold is passed by chance once in 100,000, by a busy machine more often).
"""

import hashlib
import hmac
import json
import math
import os
import random
import socket
import statistics
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "proof"))
from common import SECRETS, Daemon, config, options  # noqa: E402

RIGHT_BYTES = (0, 1, 8, 16, 24, 31)
THRESHOLD = 4.5
BODY = json.dumps({"zen": "Timing tells nothing.", "hook_id": 1, "pad": "x" * 400}).encode()


def requests():
    """The bytes of a request for each class."""
    right = hmac.new(SECRETS["GITHUB_WHSEC"].encode(), BODY, hashlib.sha256).digest()
    out = {}
    for n in RIGHT_BYTES:
        # Every byte after the right ones is wrong.
        forged = right[:n] + bytes(b ^ 0xFF for b in right[n:])
        out[n] = forged.hex()
    out["undecodable"] = "z" * 64
    return {k: request(v) for k, v in out.items()}


def request(signature):
    return (f"POST /hooks/github HTTP/1.1\r\nhost: x\r\nx-github-event: ping\r\nx-github-delivery: 1\r\nx-hub-signature-256: sha256={signature}\r\n"
            f"content-length: {len(BODY)}\r\n\r\n").encode() + BODY


def measure(port, classes, count):
    """Nanoseconds for each class, in random order; the answers must all be 401."""
    order = [k for k in classes for _ in range(count // len(classes))]
    random.Random(19).shuffle(order)
    times, taken = {k: [] for k in classes}, 0
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n, k in enumerate(order):
            data = classes[k]
            began = time.perf_counter_ns()
            s.sendall(data)
            answer = s.recv(4096)
            took = time.perf_counter_ns() - began
            taken += not answer.startswith(b"HTTP/1.1 401")
            if n > 2_000:  # warm by then
                times[k].append(took)
    return times, taken


def welch(a, b):
    (ma, va), (mb, vb) = ((statistics.fmean(x), statistics.variance(x)) for x in (a, b))
    return (ma - mb) / math.sqrt(va / len(a) + vb / len(b))


def cropped(times):
    """Without the slowest tenth of all, one limit for every class."""
    limit = sorted(t for x in times.values() for t in x)[int(0.9 * sum(map(len, times.values())))]
    return {k: [t for t in x if t <= limit] for k, x in times.items()}


def one_run(port, count):
    classes = requests()
    times, taken = measure(port, classes, count)
    kept = cropped(times)
    rows = {}
    for k in classes:
        if k == 0:
            continue
        rows[str(k)] = {"t": round(welch(kept[k], kept[0]), 2), "mean_ns_beside_0": round(statistics.fmean(kept[k]) - statistics.fmean(kept[0]), 1)}
        print(f"{k} right bytes beside 0: t = {rows[str(k)]['t']:+.2f}, {rows[str(k)]['mean_ns_beside_0']:+.0f} ns", flush=True)
    separated = [n for n in RIGHT_BYTES[1:] if abs(rows[str(n)]["t"]) >= THRESHOLD]
    return {"requests": sum(map(len, times.values())), "median_us": round(statistics.median(kept[0]) / 1000, 1), "classes": rows, "separated": separated, "taken": taken}


def main():
    o = options("Whether the time of a refusal tells anything.", requests=100_000)
    d = Daemon(o.binary, config())
    try:
        d.start()
        runs = [one_run(d.intake, o.requests)]
        if runs[0]["separated"]:
            print("separated once: measured again", flush=True)
            runs.append(one_run(d.intake, o.requests))
    finally:
        d.remove()
    wrong = [n for n in RIGHT_BYTES if all(n in r["separated"] for r in runs)]
    print(json.dumps({"bench": "timing", "cores": os.cpu_count(), "threshold_t": THRESHOLD, "runs": runs, "separated": wrong}))
    sys.exit(1 if wrong or any(r["taken"] for r in runs) else 0)


if __name__ == "__main__":
    main()
