#!/usr/bin/env python3
"""What is due, who is told, ten thousand reminders at once: benches/schedule.rs on stores of its own.

1. `due`: a look at 1,000,000 alerts, each with an obligation that was told: none is due, then 1,000 are.
2. `route`: 10,000 events over 1,000 services and 1,000 routes, the pure function alone.
3. `advance`: 10,000 reminders that have come due, decided, grouped and written to the outbox by the reminder's own ticks; beside
   it deliveries are stored one after the other, and the same before it without reminders.

    cargo build --release --example schedule && python3 benches/schedule.py [--matters 1000]

The stores lie under --dir (default: target). The last line is one JSON object. It ends non-zero when a result is wrong, never
because of a time.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def main():
    target = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--matters", type=int, default=1000, help="each has 1,000 alerts")
    args.add_argument("--dir", type=Path, default=target)
    args = args.parse_args()
    example = target / "release" / "examples" / "schedule"

    def run(*words, folder=False):
        place = tempfile.mkdtemp(prefix="schedule-", dir=args.dir) if folder else None
        try:
            words = [words[0], *([place] if folder else []), *words[1:]]
            out = subprocess.run([example, *words], stdout=subprocess.PIPE, text=True, check=True)
            figures = json.loads(out.stdout.splitlines()[-1])
            print(words[0], figures, flush=True)
            return figures
        finally:
            if place:
                shutil.rmtree(place)

    due, route, advance = run("due", str(args.matters), folder=True), run("route"), run("advance", folder=True)
    beside = advance["intake_beside"]["p99_ms"] - advance["intake_alone"]["p99_ms"]
    bars = {
        "none_due_ms": (due["none_due"]["p50_ms"], 0.1),
        "thousand_due_ms": (due["thousand_due"]["p50_ms"], 2),
        "route_10000_ms": (route["all"]["p50_ms"], 10),
        "advance_10000_s": (round(advance["seconds"], 3), 0.5),
        "intake_p99_more_ms": (round(beside, 3), 10),
    }
    bars = {k: {"measured": got, "bar": bar, "met": got <= bar} for k, (got, bar) in bars.items()}
    print(json.dumps({"due": due, "route": route, "advance": advance, "bars": bars}))


if __name__ == "__main__":
    main()
