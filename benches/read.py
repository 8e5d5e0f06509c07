#!/usr/bin/env python3
"""Reading deprecation pages: CPU a page, through the same function the poller calls.

The captured pages of ../shared/corpus/deprecation-pages (skipped where they are not), each read --count times by
benches/read_bodies.rs. Goals: the 109 KB page of OpenAI in at most 5 ms; all pages together in at most 100 ms.

    cargo build --release --example read_bodies && python3 benches/read.py [--count 20]

The last line is one JSON object. It ends non-zero when a page was not read, never because of a time.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--count", type=int, default=20)
    args.add_argument("--corpus", type=Path, default=PROJECT.parent / "shared" / "corpus")
    args = args.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
    reader = target / "release" / "examples" / "read_bodies"
    folder = args.corpus / "deprecation-pages"
    if not folder.is_dir():
        print("SKIPPED: no captured pages", file=sys.stderr)
        print(json.dumps({"skipped": "no captured pages"}))
        return
    pages = {}
    for page in sorted(p for p in folder.iterdir() if p.suffix in (".md", ".mdx", ".html")):
        form = "html" if page.suffix == ".html" else "markdown"
        out = subprocess.run([reader, "table", form, str(args.count), page], capture_output=True, text=True, check=True)
        figures = json.loads(out.stdout.splitlines()[-1])
        pages[page.name] = figures
        print(page.name, figures)
    ms = {name: round(f["hash_and_read_us"] / 1000, 3) for name, f in pages.items()}
    print(json.dumps({
        "pages_ms": ms,
        "openai_html_ms": ms.get("openai-deprecations.2025.html"),
        "all_ms": round(sum(ms.values()), 3),
        "goal_ms": {"openai_html": 5, "all": 100},
    }))


if __name__ == "__main__":
    main()
