"""The Debian package: what it holds is there and fits; where cargo-deb is at hand, it is built and unpacked into a scratch root."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

from common import run

ROOT = Path(__file__).resolve().parents[2]
META = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["metadata"]["deb"]
UNIT = (ROOT / "systemd/forewarn.service").read_text()


def generated(o, folder):
    """What the release workflow makes before it packs."""
    subprocess.run([o.binary, "man", "--dir", folder / "man"], check=True, capture_output=True, timeout=60)
    text = subprocess.run([o.binary, "completions", "bash"], check=True, capture_output=True, timeout=60).stdout
    (folder / "forewarn.bash").write_bytes(text)


def parts(check, o):
    with tempfile.TemporaryDirectory() as d:
        generated(o, Path(d))
        pages = sorted(p.name for p in Path(d, "man").iterdir())
        commands = re.findall(r"(?m)^  ([a-z-]+) ", subprocess.run([o.binary, "--help"], capture_output=True, text=True, timeout=30).stdout.split("Options:")[0])
        check("a page for the program and each command", {"forewarn.1", "forewarn-now.1", "forewarn-serve.1"} <= set(pages) and len(pages) >= len(set(commands) - {"help"}), pages)
        if shutil.which("groff"):
            r = subprocess.run(["groff", "-man", "-Tutf8", "-ww", f"{d}/man/forewarn.1"], capture_output=True, text=True, timeout=60)
            check("groff reads it", r.returncode == 0 and not r.stderr, r.stderr[:2000])
        r = subprocess.run(["bash", "-n", f"{d}/forewarn.bash"], capture_output=True, text=True, timeout=30)
        check("bash reads the completions", r.returncode == 0, r.stderr)
        words = subprocess.run(["bash", "-c", f'source {d}/forewarn.bash; COMP_WORDS=(forewarn be); COMP_CWORD=1; _forewarn forewarn be forewarn; echo "${{COMPREPLY[@]}}"'], capture_output=True, text=True, timeout=30)
        check("and completes a command", "between" in words.stdout, words.stdout + words.stderr)
    for source, target, mode in META["assets"]:
        if not source.startswith("target/"):
            check(f"{source} is there", glob.glob(str(ROOT / source)))
        check(f"{target}: a sane mode", mode in ("644", "755"))
    check("the unit finds the program wherever it is installed", "ExecStart=forewarn serve " in UNIT)
    check("what the unit reads is what the package installs", "/etc/forewarn/forewarn.toml" in UNIT and "/etc/forewarn/forewarn.toml" in META["conf-files"])
    check("nothing starts without a config of yours", not META["systemd-units"]["enable"] and not META["systemd-units"]["start"])


def package(check, o):
    tool = os.environ.get("CARGO_DEB") or shutil.which("cargo-deb")
    if not tool or not shutil.which("dpkg-deb"):
        print("SKIPPED: no cargo-deb (cargo install cargo-deb) or no dpkg-deb")
        return
    with tempfile.TemporaryDirectory() as d:
        d = Path(d)
        tree = d / "tree"
        # A tree of its own, in which the binary is the one under proof.
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        for name in filter(None, listed):
            if (ROOT / name).is_file() and not name.startswith(("fixtures/", "fuzz/")):
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, tree / name)
        (tree / "target/release").mkdir(parents=True)
        shutil.copy2(o.binary, tree / "target/release/forewarn")
        (tree / "target/deb").mkdir()
        generated(o, tree / "target/deb")
        env = {k: v for k, v in os.environ.items() if k != "CARGO_TARGET_DIR"}
        r = subprocess.run([tool, "deb", "--no-build", "--no-strip", "--output", d / "out.deb"], cwd=tree, capture_output=True, text=True, timeout=300, env=env)
        if not check("cargo deb builds it", r.returncode == 0, r.stdout + r.stderr):
            return
        info = subprocess.run(["dpkg-deb", "--field", d / "out.deb"], capture_output=True, text=True, timeout=60).stdout
        check("its fields", "Package: forewarn" in info and "ca-certificates" in info and "libc6" in info, info)
        root = d / "root"
        subprocess.run(["dpkg-deb", "-x", d / "out.deb", root], check=True, timeout=60)
        subprocess.run(["dpkg-deb", "-e", d / "out.deb", d / "control"], check=True, timeout=60)
        check("its config survives an upgrade", "/etc/forewarn/forewarn.toml" in (d / "control/conffiles").read_text())
        unit = next(iter(root.glob("**/forewarn.service")), None)
        check("the unit", unit and unit.read_text() == UNIT and "/systemd/system/" in str(unit), unit)
        r = subprocess.run([root / "usr/bin/forewarn", "check", "--config", root / "etc/forewarn/forewarn.toml"], capture_output=True, text=True, timeout=60)
        check("what it installs works together", r.returncode == 0, r.stdout + r.stderr)
        check("the manual", (root / "usr/share/man/man1/forewarn.1.gz").exists() or (root / "usr/share/man/man1/forewarn.1").exists())
        inst = subprocess.run(["dpkg", f"--root={d}/inst", "--force-depends", "--force-not-root", "--force-script-chrootless", "--install", d / "out.deb"], capture_output=True, text=True, timeout=120, env={**env, "DPKG_ROOT": f"{d}/inst"}) if prepared(d / "inst") else None
        if inst:
            check("dpkg installs it into a scratch root", inst.returncode == 0 and (d / "inst/usr/bin/forewarn").exists(), inst.stdout + inst.stderr)


def prepared(root):
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "etc"]:
        (root / folder).mkdir(parents=True)
    for file in ["var/lib/dpkg/status", "var/lib/dpkg/available"]:
        (root / file).touch()
    return True


if __name__ == "__main__":
    run(__doc__, {"parts": parts, "package": package})
