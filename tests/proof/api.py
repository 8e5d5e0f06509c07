"""The API under schemathesis: no 5xx, every answer as described. Metrics under promtool. Both from outside, on real data."""

import shutil
import subprocess
import sys
from pathlib import Path

from common import openai_event, post, run, until
from world import Provider


def api(check, o):
    d = Provider().daemon(o.binary)
    until(lambda: b"gpt-demo-1" in post(d.private, "/api/v1/deprecations", None, method="GET")[2], 60, 0.5)
    d.openai("evt_api")
    d.hook("openai", openai_event("evt_bad"), {"webhook-id": "evt_bad"})
    d.settles()
    program = Path(sys.executable).parent / "schemathesis"
    at = f"http://127.0.0.1:{d.private}"
    args = ["run", f"{at}/api/v1/openapi.json", "--url", at, "--max-examples", str(o.examples), "--seed", "7", "--no-color"]
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
    promtool = shutil.which("promtool")
    if check("promtool is there", promtool):
        r = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, timeout=60)
        check("promtool finds nothing", r.returncode == 0 and not r.stderr, r.stderr.decode() + r.stdout.decode())
    check.equal("SIGTERM", d.stop(), 0)
    d.remove()


if __name__ == "__main__":
    run(__doc__, {"api": api}, examples=50)
