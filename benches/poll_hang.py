#!/usr/bin/env python3
"""Polling while one source hangs: 200 status pages of one provider on this machine, one of which takes the request and never answers.

    cargo build --release && python3 benches/poll_hang.py [--sources 200] [--seconds 60] [--binary FILE]

Each is due every 10 s (with up to a tenth of jitter). Two runs, without and with the hanging one; measured is how late each fetch
comes after it was due by the fetch before it. The last line is one JSON object: `on_time` is the share of fetches less than
5 s late, `late_p99` in seconds. It ends non-zero when a source was not fetched at all, never because of a time.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests/proof"))
from common import Daemon, Server  # noqa: E402

EVERY, JITTER = 10, 1.1
BODY = b'{"page":{"id":"p","name":"Acme"},"status":{"indicator":"none"},"components":[{"id":"api","name":"API","status":"operational"}],"incidents":[],"scheduled_maintenances":[]}'


def measure(binary, sources, seconds, hanging):
    seen, lock = defaultdict(list), threading.Lock()
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            with lock:
                seen[self.path].append(time.monotonic())
            if self.path == "/0" and hanging:
                stop.wait(120)
                return
            self.send_response(200)
            self.send_header("content-length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at = f"http://127.0.0.1:{server.server_address[1]}"
    daemon = Daemon(binary, "")
    text = 'format = 1\nid = "acme"\nname = "Acme"\nurl = "https://acme.example"\n' + "".join(
        f'[sources."status.s{i}"]\nkind = "status"\nevidence = "V"\ndialect = "statuspage"\nurl = "{at}/{i}"\nevery = "{EVERY}s"\n' for i in range(sources)
    )
    (daemon.dir / "providers").mkdir()
    (daemon.dir / "providers/acme.toml").write_text(text)
    daemon.config.write_text(f'watch = ["acme"]\nproviders_dir = "{daemon.dir}/providers"\n')
    began = time.monotonic()
    daemon.start()
    time.sleep(seconds)
    cpu = daemon.cpu_seconds()
    daemon.stop()
    stop.set()
    server.shutdown()
    daemon.remove()
    others = [seen[f"/{i}"] for i in range(1, sources)]
    missed = sum(not times for times in others)
    late = sorted(max(0.0, b - a - EVERY * JITTER) for times in others for a, b in zip(times, times[1:]))
    first = max((t[0] for t in others if t), default=began) - began
    return {
        "fetches": sum(map(len, others)),
        "never_fetched": missed,
        "first_round_s": round(first, 2),
        "on_time": round(sum(x < 5 for x in late) / max(1, len(late)), 4),
        "late_p50": round(late[len(late) // 2], 2) if late else None,
        "late_p99": round(late[int(len(late) * 0.99)], 2) if late else None,
        "cpu_s": round(cpu, 2),
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sources", type=int, default=200)
    p.add_argument("--seconds", type=int, default=60)
    p.add_argument("--binary", type=Path, default=Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")) / "release/forewarn")
    o = p.parse_args()
    if not o.binary.exists():
        sys.exit(f"{o.binary} is missing: run cargo build --release, or name another with --binary")
    out = {"sources": o.sources, "seconds": o.seconds}
    for name, hanging in (("all_answer", False), ("one_hangs", True)):
        out[name] = measure(o.binary, o.sources, o.seconds, hanging)
        print(name, out[name], flush=True)
    print(json.dumps(out))
    sys.exit(any(out[n]["never_fetched"] for n in ("all_answer", "one_hangs")))


main()
