"""The API under schemathesis: no 5xx, every answer as described. Metrics under promtool. Both from outside, on real data."""

import http.client
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from common import PROJECT, openai_event, post, run, until
from world import Provider

MONITORING = PROJECT / "docs/monitoring"


def api(check, o):
    d = Provider().daemon(o.binary)
    until(lambda: b"gpt-demo-1" in post(d.private, "/api/v1/deprecations", None, method="GET")[2], 60, 0.5)
    d.openai("evt_api")
    d.hook("openai", openai_event("evt_bad"), {"webhook-id": "evt_bad"})
    d.settles()
    program = Path(sys.executable).parent / "schemathesis"
    at = f"http://127.0.0.1:{d.private}"
    args = ["--config-file", str(Path(__file__).parent / "schemathesis.toml"), "run", f"{at}/api/v1/openapi.json", "--url", at, "--max-examples", str(o.examples), "--seed", "7", "--no-color"]
    r = subprocess.run([program, *args, "--phases", "coverage,fuzzing", "--generation-database", "none", "--suppress-health-check", "all"], capture_output=True, text=True, timeout=900, cwd=d.data.parent)
    check("schemathesis finds nothing", r.returncode == 0, (r.stdout + r.stderr)[-6000:])
    print("\n".join(r.stdout.splitlines()[-25:]))
    check("still well", d.healthy())

    status, headers, text = post(d.private, "/metrics", None, method="GET")
    check.equal("metrics", (status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
    for series in [
        'forewarn_time_left_seconds{subject="openai:gpt-demo-1"',
        'forewarn_signature_failures_total{connection="openai/main",reason="missing"} 1',
        'forewarn_deliveries_total{connection="openai/main"} 1',
        'forewarn_sources{state="fresh"} 2',
    ]:
        check(f"metrics: {series}", series.encode() in text, text.decode()[:3000])
    check.equal("a copy, for its metric", d.cli("backup", str(d.dir / "copy.db"))[0], 0)
    status, _, text = post(d.private, "/metrics", None, method="GET")
    real = set(re.findall(r"^# TYPE (\S+)", text.decode(), re.M))
    named = {}
    for page in [*sorted(MONITORING.iterdir()), PROJECT / "docs/api.md"]:
        named[page.name] = {re.sub(r"_(bucket|sum|count)$", "", n) for n in re.findall(r"\bforewarn_[a-z_]+", page.read_text())}
        check.equal(f"{page.name} names only metrics that exist", sorted(named[page.name] - real), [])
    check.equal("docs/api.md names every metric", sorted(real - named["api.md"]), [])
    check.equal("the dashboard shows most of them", sorted(real - named["dashboard.json"]), [])
    dashboard(check)
    promtool = shutil.which("promtool")
    if check("promtool is there", promtool):
        r = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=60)
        check("promtool finds nothing", r.returncode == 0 and not r.stderr, r.stderr.decode() + r.stdout.decode())
        for args in [["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]]:
            r = subprocess.run([promtool, *args], capture_output=True, text=True, timeout=60, cwd=MONITORING)
            check(f"promtool {' '.join(args)}", r.returncode == 0, r.stdout + r.stderr)
    check.equal("SIGTERM", d.stop(), 0)
    d.remove()


def dashboard(check):
    """Its shape: what Grafana needs to show it; no Grafana is here."""
    d = json.loads((MONITORING / "dashboard.json").read_text())
    panels = d["panels"]
    check.equal("every panel has an id of its own", len({p["id"] for p in panels}), len(panels))
    taken = [(x, y) for p in panels for x in range(p["gridPos"]["x"], p["gridPos"]["x"] + p["gridPos"]["w"]) for y in range(p["gridPos"]["y"], p["gridPos"]["y"] + p["gridPos"]["h"])]
    check("no panel lies on another or outside", len(set(taken)) == len(taken) and max(x for x, _ in taken) < 24)
    check("every query asks the chosen Prometheus", all(t["datasource"]["uid"] == "${datasource}" for p in panels for t in p["targets"]))
    check("every panel says what it shows", all(p["title"] and p["description"] for p in panels))


def roles(check, o):
    d = Provider().daemon(o.binary)
    until(lambda: json.loads(post(d.private, "/api/v1/alerts", None, method="GET")[2])["items"] or d.openai("evt_role"), 60, 0.5)
    until(lambda: json.loads(post(d.private, "/api/v1/alerts", None, method="GET")[2])["items"], 60, 0.5)
    alert = json.loads(post(d.private, "/api/v1/alerts", None, method="GET")[2])["items"][0]["id"]
    tokens = {role: d.json("token", "add", f"a-{role}", "--role", role)[1]["token"] for role in ["read", "act", "admin"]}
    send = json.dumps({"provider": "openai", "type": "safety.alert.created", "send": True}).encode()
    for role, may in [("read", (200, 403, 403, 403)), ("act", (200, 200, 200, 403)), ("admin", (200, 200, 200, 200))]:
        by = {"authorization": "Bearer " + tokens[role]}
        got = (
            post(d.private, "/api/v1/alerts", None, by, method="GET")[0],
            post(d.private, f"/api/v1/alerts/{alert}/ack", b'{"note":"a proof"}', by)[0],
            post(d.private, "/api/v1/observations", b'{"subject":"openai:gpt-demo-1","sunset":"Fri, 31 Dec 2027 23:59:59 GMT"}', by)[0],
            post(d.private, "/api/v1/simulate", send, by)[0],
        )
        check.equal(f"{role} may look, act, tell, simulate", got, may)
    said = json.loads(post(d.private, f"/api/v1/alerts/{alert}", None, method="GET")[2])["said"]
    check.equal("who acted is who signed in", said["by"], {"who": "a-admin", "via": "api"})
    check("what was simulated is heard", until(lambda: d.settles() and any("sample" in (e["native_id"] or "") for e in d.all("events")), 30))
    d.stop()
    d.remove()


def stream(check, o):
    """A client that is thrown out by restarts reads on where it was; what it has is what the store has."""
    d = Provider().daemon(o.binary)
    got, last, sent = [], 0, 0
    for round in range(4):
        c = http.client.HTTPConnection("127.0.0.1", d.private, timeout=30)
        c.request("GET", "/api/v1/events", headers={"accept": "text/event-stream", "last-event-id": str(last)})
        r = c.getresponse()
        check.equal("a stream", (r.status, r.getheader("content-type")), (200, "text/event-stream"))
        for _ in range(50):
            sent += d.openai(f"evt_stream_{sent}") == 200
        while len(got) < sent // 2:
            line = r.readline().decode()
            if line.startswith("id: "):
                last = int(line[4:])
            elif line.startswith("data: "):
                got.append(json.loads(line[6:])["id"])
        c.close()
        d.stop() if round % 2 else d.kill()
        d.start()
    d.settles()
    stored = sorted(e["id"] for e in d.all("events"))
    c = http.client.HTTPConnection("127.0.0.1", d.private, timeout=30)
    c.request("GET", "/api/v1/events", headers={"accept": "text/event-stream", "last-event-id": str(last)})
    r = c.getresponse()
    while last < stored[-1]:
        line = r.readline().decode()
        if line.startswith("id: "):
            last = int(line[4:])
            got.append(last)
    check.equal("everything, once, in order", got, stored)
    check("SIGTERM does not wait for readers", (lambda at: d.stop() == 0 and time.monotonic() - at < 5)(time.monotonic()))
    # One that asks for everything and reads nothing is cut off: its place is free again.
    d.start()
    s = socket.create_connection(("127.0.0.1", d.private))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: 0\r\n\r\n")
    # How much the kernel takes for it is the kernel's affair: more is sent until it is cut off.
    sent, end = 0, time.monotonic() + 120
    while "was cut off" not in d.log() and time.monotonic() < end:
        for _ in range(500):
            sent += d.openai(f"evt_slow_{sent}") == 200
    check("a reader that takes nothing is cut off", "was cut off" in d.log(), (sent, d.log()[-500:]))
    s.close()
    d.stop()
    d.remove()


if __name__ == "__main__":
    run(__doc__, {"roles": roles, "stream": stream, "api": api}, examples=50)
