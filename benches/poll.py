#!/usr/bin/env python3
"""Reading what was polled: status summaries and feeds, beside Python's feedparser on the same feed.

A tick of 100 status pages and 100 feeds, all changed or none changed: CPU of the hash that tells "unchanged" and of reading
what changed, through the same function the poller calls. Bodies are made here: a Statuspage summary of 65 KB (120 components,
10 incidents of 6 updates) and an RSS feed of 207 KB (150 items).

    cargo build --release --example read_bodies && python3 benches/poll.py [--count 100] [--rounds 5]

feedparser is compared where it is installed (pip install feedparser==6.0.14); without it its figures are null. The last line is
one JSON object; docs/performance.md explains it. It ends non-zero when something was not read, never because of a time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
WORDS = "requests answers errors region latency queue deploy model cache storage index token limit batch stream".split()


def words(n, seed):
    return " ".join(WORDS[(seed * 7 + i * 3) % len(WORDS)] for i in range(n))


def summary(size=65_835):
    at = lambda i: f"2026-11-{1 + i % 19:02d}T{i % 24:02d}:{i % 60:02d}:17.123Z"
    component = lambda i: {
        "id": f"democomp{i:04d}", "name": f"Component {i}", "status": "operational" if i % 9 else "partial_outage",
        "created_at": at(i), "updated_at": at(i), "position": i, "description": None, "showcase": True,
        "start_date": None, "group_id": None, "page_id": "demopage0001", "group": False, "only_show_if_degraded": False,
    }
    update = lambda i, k: {
        "id": f"demoupd{i:02d}{k:03d}", "status": ["monitoring", "identified", "investigating"][min(k, 2)],
        "body": f"<p>{words(4, i + k)}.</p>", "incident_id": f"demoinc{i:05d}", "created_at": at(20 - k), "updated_at": at(20 - k),
        "display_at": at(20 - k), "affected_components": [{"code": f"democomp{i:04d}", "name": f"Component {i}", "old_status": "operational", "new_status": "partial_outage"}],
        "deliver_notifications": True, "custom_tweet": None, "tweet_id": None,
    }
    incident = lambda i: {
        "id": f"demoinc{i:05d}", "name": words(3, i), "status": "monitoring", "created_at": at(i), "updated_at": at(i + 1),
        "monitoring_at": None, "resolved_at": None, "impact": "minor", "shortlink": f"https://stspg.example/{i}", "started_at": at(i),
        "page_id": "demopage0001", "incident_updates": [update(i, k) for k in range(6)], "components": [component(i)], "reminder_intervals": None,
    }
    page = {
        "page": {"id": "demopage0001", "name": "Acme", "url": "https://status.example.com", "time_zone": "Etc/UTC", "updated_at": at(1)},
        "components": [component(i) for i in range(120)], "incidents": [incident(i) for i in range(10)], "scheduled_maintenances": [],
        "status": {"indicator": "minor", "description": ""},
    }
    compact = lambda: json.dumps(page, separators=(",", ":"))
    page["status"]["description"] = "x" * max(0, size - len(compact()))
    return compact().encode()


def feed(size=207_286, items=150):
    def item(i, n):
        return (
            f"<item><title>Change {i}: {words(5, i)}</title><link>https://example.com/changelog/{i}</link>"
            f'<guid isPermaLink="false">https://example.com/changelog/{i}</guid><category>API</category>'
            f"<pubDate>Fri, {1 + i % 19:02d} Nov 2026 10:{i % 60:02d}:00 +0000</pubDate>"
            f"<description>&lt;p&gt;{words(n, i)}.&lt;/p&gt;&lt;ul&gt;&lt;li&gt;We launched a new model.&lt;/li&gt;&lt;/ul&gt;</description></item>"
        )

    head = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Acme</title><link>https://example.com/changelog</link><description>x</description>'
    n = 100
    while len(head) + sum(len(item(i, n)) for i in range(items)) < size:
        n += 1
    return (head + "".join(item(i, n) for i in range(items)) + "</channel></rss>").encode()


def measure(binary, kind, dialect, count, path):
    out = subprocess.run([binary, kind, dialect, str(count), path], capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def of_feedparser(body):
    try:
        import feedparser
    except ImportError:
        return None
    begun = time.process_time()
    found = feedparser.parse(body)
    spent = (time.process_time() - begun) * 1e6
    assert len(found.entries) == 150, len(found.entries)
    return spent


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    o = parser.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
    binary = target / "release" / "examples" / "read_bodies"
    if not binary.exists():
        sys.exit(f"{binary} is not there: cargo build --release --example read_bodies")
    with tempfile.TemporaryDirectory() as folder:
        pages, feeds = Path(folder, "summary.json"), Path(folder, "feed.xml")
        pages.write_bytes(summary())
        feeds.write_bytes(feed())
        rounds = []
        for i in range(o.rounds):
            p = measure(binary, "status", "statuspage", o.count, pages)
            f = measure(binary, "changelog", "feed", o.count, feeds)
            assert (p["rows"], f["rows"]) == (120, 150) and p["observations"] > 100 and f["observations"] == 150, (p, f)
            other = of_feedparser(feeds.read_bytes())
            rounds.append((p, f, other))
            print(f"round {i + 1}: summary {p['hash_and_read_us']} us, feed {f['hash_and_read_us']} us, feedparser {other and round(other)} us", flush=True)
        median = lambda pick: statistics.median(pick(r) for r in rounds)
        page_hash, page_read = median(lambda r: r[0]["hash_us"]), median(lambda r: r[0]["hash_and_read_us"])
        feed_hash, feed_read = median(lambda r: r[1]["hash_us"]), median(lambda r: r[1]["hash_and_read_us"])
        others = None if rounds[0][2] is None else median(lambda r: r[2])
        changed, same = o.count * (page_read + feed_read) / 1e3, o.count * (page_hash + feed_hash) / 1e3
        times = others and others / (feed_read - feed_hash)
        result = {
            "count": o.count,
            "summary": {"bytes": pages.stat().st_size, "hash_us": page_hash, "hash_and_read_us": page_read, "observations": rounds[0][0]["observations"]},
            "feed": {"bytes": feeds.stat().st_size, "hash_us": feed_hash, "hash_and_read_us": feed_read, "observations": rounds[0][1]["observations"]},
            "feedparser_us": others,
            "times_feedparser": times and round(times, 1),
            "all_changed_ms": round(changed, 1),
            "none_changed_ms": round(same, 1),
            "bars": {"all_changed_120_ms": changed <= 120, "none_changed_20_ms": same <= 20, "80_times_feedparser": times and times >= 80},
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
