#!/usr/bin/env python3
"""`forewarn scan` beside ripgrep: the same tree of 10,000 files, the same ids, in the same run.

The tree is made anew from a seed: code, settings and documents with the words of such files, an id in about one file of
twenty. ripgrep gets the ids as fixed strings (-F -f) and is told to look where forewarn looks (hidden files, .gitignore).
It only prints lines; forewarn also checks what stands beside an id, says when it ends, and sorts. Goal: at most 3 times ripgrep's time.

    cargo build --release && apt-get install -y ripgrep && python3 benches/scan.py [--files 10000] [--rounds 7]

The last line is one JSON object. It ends non-zero when the two disagree about the files in which an id stands, never because of a time.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
WORDS = "import return value client config request response error model user name self data result index await async def class const let function if else for while string number list map key token limit retry".split()


def ids():
    """What is looked for: the ids of the snapshot that are no plain words, as forewarn names them."""
    found = set()
    for line in (PROJECT / "src/provider/snapshot.tsv").read_text().splitlines():
        if line.startswith(("#", "@")) or not line:
            continue
        name = line.split("\t")[0].split(":", 1)[1].split("~")[0]
        if "/" in name and name.split("/")[0] in ("api", "feature", "component", "sdk", "product", "account"):
            continue
        if len(name) >= 4 and any(c.isdigit() or c in "-./_:" for c in name):
            found.add(name)
    return sorted(found)


def tree(root, files, names):
    rng = random.Random(20261123)
    for n in range(files):
        folder = root / f"pkg{n % 97}" / f"mod{n % 13}"
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for _ in range(rng.randint(20, 200)):
            lines.append("    " * rng.randint(0, 3) + " ".join(rng.choices(WORDS, k=rng.randint(2, 12))) + f" = {rng.random():.6f};")
        if rng.random() < 0.05:
            lines.insert(rng.randrange(len(lines)), f'model = "{rng.choice(names)}"')
        ending = rng.choice(["py", "py", "ts", "go", "rs", "yaml", "json", "md"])
        (folder / f"file{n}.{ending}").write_text("\n".join(lines) + "\n")
    (root / ".gitignore").write_text("build/\n*.log\n")


def timed(command):
    cpu = os.times()
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    wall = time.perf_counter() - begin
    after = os.times()
    return wall, after.children_user + after.children_system - cpu.children_user - cpu.children_system, done


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--files", type=int, default=10_000)
    args.add_argument("--rounds", type=int, default=7)
    args = args.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
    ours = Path(os.environ.get("FOREWARN_BINARY", target / "release" / "forewarn"))
    names = ids()
    with tempfile.TemporaryDirectory() as temp:
        root = Path(temp) / "tree"
        tree(root, args.files, names)
        patterns = Path(temp) / "ids"
        patterns.write_text("\n".join(names) + "\n")
        config = Path(temp) / "forewarn.toml"
        config.write_text("watch = []\n")
        scan = [ours, "scan", root, "--all", "--json", "--config", config, "--data", Path(temp) / "none"]
        ripgrep = ["rg", "--no-require-git", "--hidden", "-F", "-f", patterns, "--no-heading", "-n", root]
        both = {"forewarn": scan, "ripgrep": ripgrep}
        walls, cpus, last = {k: [] for k in both}, {k: [] for k in both}, {}
        for _ in range(args.rounds):
            for name, command in both.items():
                wall, cpu, done = timed(command)
                if done.returncode not in (0,):
                    sys.exit(f"{name} ended with {done.returncode}: {done.stderr.decode()[-400:]}")
                walls[name].append(wall)
                cpus[name].append(cpu)
                last[name] = done.stdout
        found = json.loads(last["forewarn"])
        here = {p["path"] for p in found["items"]}
        there = {os.path.relpath(line.split(":", 1)[0], root) for line in last["ripgrep"].decode().splitlines()}
        if here != there or not here:
            sys.exit(f"they disagree: only forewarn {sorted(here - there)[:3]}, only ripgrep {sorted(there - here)[:3]}")
        best = {k: min(v) for k, v in walls.items()}
        print(json.dumps({
            "files": found["files"],
            "ids": len(names),
            "places": len(found["items"]),
            "forewarn_ms": round(best["forewarn"] * 1000, 1),
            "ripgrep_ms": round(best["ripgrep"] * 1000, 1),
            "forewarn_cpu_ms": round(min(cpus["forewarn"]) * 1000, 1),
            "ripgrep_cpu_ms": round(min(cpus["ripgrep"]) * 1000, 1),
            "ratio": round(best["forewarn"] / best["ripgrep"], 2),
            "goal_ratio": 3,
        }))


if __name__ == "__main__":
    main()
