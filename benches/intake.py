#!/usr/bin/env python3
"""Webhook intake of the release binary beside a server that does nothing.

Compared, in one run on one machine: `ceiling noop` (axum, body read, answer) and `forewarn serve` (verified, repeats dropped,
flushed to the write-ahead log, answered; normalizing, routing and sending after the answer). Signed OpenAI deliveries of about
1.5 KB from `loadgen`, which shares the cores. Each round runs both, interleaved; figures are medians of the rounds.

Lanes: memory (data on a tmpfs: compare turns by this one) and disk (data under the target folder: depends on the flush time of
the moment, printed beside it). The steadiest figure is the server's CPU a request.

    cargo build --release && python3 benches/intake.py [--loadgen DIR] [--seconds 10] [--rounds 3]

The last line is one JSON object with all figures; docs/performance.md explains them. It ends non-zero when a delivery was
refused or the ledger does not add up, never because of a time.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "proof"))
from common import Daemon, config, cpu_seconds, free_port, openai_event, options, standard, until  # noqa: E402

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # loadgen's own
PAD = " ".join(f"word{i:03d}" for i in range(170))
KINDS = {
    "quiet": ("response.completed", "resp_@ID@"),
    "routed": ("safety.alert.created", "alert_@ID@"),  # each opens an alert of its own
    "repeated": ("safety.alert.created", "alert_one"),  # all about one matter
}
wrong = []


def say(text):
    print(text, flush=True)


def build(source, target):
    """Builds loadgen and the ceiling from copies, so that nothing is written beside the originals."""
    copy, out = target / "bench" / "loadgen", target / "bench" / "build"
    shutil.copytree(source, copy, dirs_exist_ok=True)
    for manifest in (copy / "Cargo.toml", copy / "ceiling" / "Cargo.toml"):
        subprocess.run(["cargo", "build", "--release", "--quiet", "--manifest-path", manifest], check=True, env={**os.environ, "CARGO_TARGET_DIR": str(out)})
    return out / "release" / "loadgen", out / "release" / "ceiling", copy / "peers" / "fsync_probe.py"


class Bench:
    def __init__(self, o, target):
        self.o = o
        self.loadgen, self.ceiling, self.probe = build(Path(o.loadgen), target)
        self.lanes = {"memory": Path("/dev/shm"), "disk": target / "bench"}
        self.bodies = {}
        for name, (kind, data) in KINDS.items():
            event = {"id": "@ID@", "object": "event", "created_at": 0, "type": kind, "data": {"id": data}, "note": PAD}
            self.bodies[name] = target / "bench" / f"{name}.json"
            self.bodies[name].write_text(json.dumps(event).replace('"created_at": 0', '"created_at": @NOW@'))

    def load(self, port, path, pid, body, *args):
        cmd = [self.loadgen, "--url", f"http://127.0.0.1:{port}{path}", "--pid", str(pid), "--body-file", self.bodies[body], *map(str, args)]
        return json.loads(subprocess.run(cmd, capture_output=True, text=True).stdout)

    def noop(self, *args):
        port = free_port()
        p = subprocess.Popen([self.ceiling, "noop", str(port)])
        try:
            until(lambda: reachable(port), 5, 0.01)
            return self.load(port, "/in", p.pid, "quiet", *args)
        finally:
            p.kill()
            p.wait()

    def daemon(self, lane):
        data = Path(tempfile.mkdtemp(prefix="forewarn-bench-", dir=self.lanes[lane])) / "data"
        return Daemon(self.o.binary, config(), data=data, env={"OPENAI_WHSEC": SECRET})

    def flush_us(self, lane):
        out = subprocess.run([sys.executable, self.probe, self.lanes[lane]], capture_output=True, text=True).stdout
        return json.loads(out)["fdatasync_us"]["p50"]

    def run(self, lane, body, *args):
        """One load on a fresh daemon, and what it costs until everything is done."""
        d = self.daemon(lane).start()
        try:
            cpu = cpu_seconds(d.process.pid)
            r = self.load(d.intake, "/hooks/openai", d.process.pid, body, *args)
            left, at = d.json("status")[1]["inbox"]["pending"], time.monotonic()
            drained = until(lambda: d.json("status")[1]["inbox"]["pending"] == 0, 180, 0.25)
            seconds = time.monotonic() - at
            settled = d.settles(120)
            total = cpu_seconds(d.process.pid) - cpu
            accepted = d.json("audit")[1]["lines"][0]["total"]
            if r["good_refused"] or r["errors"] or not (drained and settled):
                wrong.append(f"{lane} {body}: {r['status']} {r['errors']} drained {drained} settled {settled}")
            return {
                "rps": r["ok_rps"], "p50_ms": r["latency_us"]["p50"] / 1e3, "p99_ms": r["latency_us"]["p99"] / 1e3,
                "cpu_us": r["server"]["cpu_us_per_request"], "rss_peak_mb": r["server"]["rss_peak_kib"] / 1024,
                "ok": r["ok"], "seconds": r["seconds"], "backlog": left, "drained_s": seconds, "whole_path_cpu_us": total / accepted * 1e6,
            }
        finally:
            discard(d)


def reachable(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def discard(d):
    d.kill()
    shutil.rmtree(d.data.parent, ignore_errors=True)
    d.remove()


def median(rounds):
    return {k: round(statistics.median(r[k] for r in rounds), 2) for k in rounds[0]}


def throughput(b, lane):
    rounds, noops, ratios, flushes = [], [], [], []
    args = ("--connections", 64, "--duration", b.o.seconds)
    for n in range(b.o.rounds):
        before = b.flush_us(lane)
        noop = b.noop(*args)
        ours = b.run(lane, "quiet", *args)
        rounds.append(ours)
        noops.append(noop["ok_rps"])
        ratios.append(ours["rps"] / noop["ok_rps"])
        flushes += [before, b.flush_us(lane)]
        say(f"{lane} {n + 1}: no-op {noop['ok_rps']:.0f}/s, forewarn {ours['rps']:.0f}/s ({ratios[-1]:.2f}), {ours['cpu_us']:.1f} us a request, p99 {ours['p99_ms']:.1f} ms, "
            f"backlog {ours['backlog']} gone in {ours['drained_s']:.1f} s, whole path {ours['whole_path_cpu_us']:.1f} us, flush {before:.0f} us")
    return {**median(rounds), "noop_rps": round(statistics.median(noops)), "of_noop": round(statistics.median(ratios), 3), "flush_us": round(statistics.median(flushes), 1)}


def routed(b):
    out = {}
    for body in ("routed", "repeated"):
        rounds = [b.run("memory", body, "--connections", 64, "--requests", b.o.routed, "--duration", 120, "--warmup", 0) for _ in range(b.o.rounds)]
        out[body] = median(rounds)
        say(f"{body}: whole path {out[body]['whole_path_cpu_us']:.1f} us, {out[body]['cpu_us']:.1f} us while answering")
    return out


def storm(b):
    r = b.run("disk", "quiet", "--connections", 200, "--requests", 10_000, "--duration", 60, "--warmup", 0)
    say(f"storm: {r['ok']:.0f} of 10000 answered 2xx in {r['seconds']:.2f} s, RSS {r['rss_peak_mb']:.1f} MB")
    if r["ok"] != 10_000:
        wrong.append(f"storm: {r['ok']} answered 2xx")
    return {k: round(r[k], 2) for k in ("ok", "seconds", "p99_ms", "rss_peak_mb")}


def forged(b):
    """Wrong signatures: nothing of the store may change."""
    d = b.daemon("disk").start()
    try:
        until(lambda: d.healthy() and d.settles(5), 10)
        time.sleep(1)
        look = lambda: {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in d.data.glob("forewarn.db*") if not p.name.endswith("-shm")}
        before, io = look(), written(d)
        r = b.load(d.intake, "/hooks/openai", d.process.pid, "quiet", "--connections", 64, "--duration", 3, "--bad-sig-ratio", 1)
        untouched = look() == before
        if not untouched or r["bad_accepted"]:
            wrong.append(f"wrong signatures: store {before} -> {look()}, accepted {r['bad_accepted']}")
        say(f"wrong signatures: {r['bad_refused']} refused at {r['server']['cpu_us_per_request']:.1f} us, store {'untouched' if untouched else 'TOUCHED'}")
        return {"refused": r["bad_refused"], "rps": round(r["rps"]), "cpu_us": r["server"]["cpu_us_per_request"], "store_untouched": untouched, "bytes_written": written(d) - io}
    finally:
        discard(d)


def written(d):
    io = Path(f"/proc/{d.process.pid}/io").read_text()
    return int(next(line for line in io.splitlines() if line.startswith("write_bytes")).split()[1])


def resident_mb(d, field):
    status = Path(f"/proc/{d.process.pid}/status").read_text()
    return round(int(re.search(rf"{field}:\s+(\d+)", status)[1]) / 1024, 1)


def first_answer_ms(d):
    """From before the process is made to the first stored delivery."""
    id = f"evt_first{time.time_ns()}"
    body = openai_event(id, routed=False)
    head = "".join(f"{k}: {v}\r\n" for k, v in standard(SECRET, id, body).items())
    request = f"POST /hooks/openai HTTP/1.1\r\nhost: x\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
    at = time.perf_counter()
    d.start(wait=False)
    while True:
        try:
            with socket.create_connection(("127.0.0.1", d.intake), 5) as s:
                s.sendall(request)
                status = s.recv(64).split()[1]
                took = (time.perf_counter() - at) * 1e3
                if status != b"200":
                    wrong.append(f"the first answer is {status}")
                return took
        except ConnectionRefusedError:
            if not d.alive():
                raise RuntimeError(d.log()[-1000:])
            time.sleep(0.0002)


def start(b):
    out = {}
    for lane in b.lanes:
        made, opened = [], []
        for _ in range(9):
            d = b.daemon(lane)
            try:
                made.append(first_answer_ms(d))
                d.stop()
                opened.append(first_answer_ms(d))
            finally:
                discard(d)
        out[lane] = {"new_store_ms": round(statistics.median(made), 1), "existing_store_ms": round(statistics.median(opened), 1), "worst_ms": round(max(made + opened), 1)}
        say(f"start, {lane}: first answer after {out[lane]['new_store_ms']} ms on a new store, {out[lane]['existing_store_ms']} ms on an existing one")
    d = b.daemon("memory").start()
    try:
        time.sleep(5)
        out["idle_rss_mb"], out["idle_own_mb"] = resident_mb(d, "VmRSS"), resident_mb(d, "RssAnon")
    finally:
        discard(d)
    say(f"idle RSS {out['idle_rss_mb']} MB, of it {out['idle_own_mb']} MB of its own; the rest is code the kernel has mapped")
    return out


def main():
    o = options("Webhook intake beside a server that does nothing.", loadgen=str(PROJECT.parent / "shared" / "bench" / "loadgen"), seconds=10, rounds=3, routed=100_000)
    target = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
    b = Bench(o, target)
    memory, disk = throughput(b, "memory"), throughput(b, "disk")
    kinds, storms, bad, starts = routed(b), storm(b), forged(b), start(b)
    bars = {
        "memory: of no-op at least 0.55": memory["of_noop"] >= 0.55,
        "memory: CPU a request at most 20 us": memory["cpu_us"] <= 20,
        "memory: backlog drained within 20 s": memory["drained_s"] <= 20,
        "whole path of a routed kind at most 35 us": kinds["repeated"]["whole_path_cpu_us"] <= 35,
        "storm: all 2xx, RSS at most 64 MB": storms["ok"] == 10_000 and storms["rss_peak_mb"] <= 64,
        "wrong signatures never touch the store": bad["store_untouched"],
        "first answer within 15 ms on an empty store": starts["memory"]["existing_store_ms"] <= 15,
        "idle RSS at most 16 MB": starts["idle_rss_mb"] <= 16,
    }
    for name, met in bars.items():
        say(f"{'met   ' if met else 'MISSED'} {name}")
    for w in wrong:
        say(f"WRONG  {w}")
    print(json.dumps({"bench": "intake", "cores": os.cpu_count(), "memory": memory, "disk": disk, "kinds": kinds, "storm": storms,
                      "wrong_signatures": bad, "start": starts, "bars": bars, "wrong": wrong}))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
