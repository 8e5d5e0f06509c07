"""What of the deployment files can be proved without an engine: they parse, agree with each other and with the program."""

import re
import subprocess
import tempfile
from pathlib import Path

import yaml

from common import run
from world import Provider

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs/deploy"


def accepted(o, text):
    env = {"SLACK_BOT_TOKEN": "xoxb-of-a-proof", "OPENAI_WEBHOOK_SECRET": "whsec_Zm9yZXdhcm4tc3Rvcmllcy1zZWNyZXQtMzItYnl0ZXM=", "PATH": "/usr/bin:/bin"}
    with tempfile.TemporaryDirectory() as d:
        (Path(d) / "c.toml").write_text(text)
        r = subprocess.run([o.binary, "check", "--config", f"{d}/c.toml"], capture_output=True, text=True, timeout=60, env=env)
        return r.returncode, r.stdout + r.stderr


def flags(o, args):
    """Whether the program knows this command and these flags."""
    known = subprocess.run([o.binary, args[0], "--help"], capture_output=True, text=True, timeout=30)
    return known.returncode == 0 and all(a in known.stdout for a in args if a.startswith("--"))


def kubernetes(check, o):
    all = {(d["kind"], d["metadata"]["name"]): d for d in yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text())}
    check.equal("kinds", sorted(k for k, _ in all), ["ConfigMap", "Ingress", "Service", "StatefulSet"])
    s = all[("StatefulSet", "forewarn")]["spec"]
    pod = s["template"]["spec"]
    c = pod["containers"][0]
    check.equal("one replica", s["replicas"], 1)
    check("no root", pod["securityContext"]["runAsNonRoot"] and not c["securityContext"]["allowPrivilegeEscalation"])
    check.equal("selector", s["selector"]["matchLabels"], s["template"]["metadata"]["labels"])
    check.equal("the service finds the pod", all[("Service", "forewarn")]["spec"]["selector"], s["selector"]["matchLabels"])
    ports = {p["name"]: p["containerPort"] for p in c["ports"]}
    check.equal("only the public side has a port", ports, {"intake": 8321})
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"]:
        check.equal(probe, c[probe]["httpGet"], {"path": "/healthz", "port": "intake"})
    mounts = {m["name"] for m in c["volumeMounts"]}
    check.equal("every mount has a volume", mounts, {v["name"] for v in pod["volumes"]} | {v["metadata"]["name"] for v in s["volumeClaimTemplates"]})
    check("its command exists", flags(o, c["args"]), c["args"])
    paths = {p["path"] for p in all[("Ingress", "forewarn")]["spec"]["rules"][0]["http"]["paths"]}
    check.equal("only the public paths", paths, {"/hooks/", "/calendar/", "/ack/", "/slack/"})
    code, said = accepted(o, all[("ConfigMap", "forewarn")]["data"]["forewarn.toml"])
    check("its config is accepted", code == 0, said)


def systemd(check, o):
    unit = ROOT / "systemd/forewarn.service"
    r = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", unit], capture_output=True, text=True, timeout=60)
    score = re.search(r"Overall exposure level for forewarn.service: ([\d.]+)", r.stdout)
    check(f"the unit's exposure is {score and score[1]}, at most 1.5", r.returncode == 0 and score and float(score[1]) <= 1.5, r.stdout[-500:] + r.stderr)
    text = unit.read_text()
    for line in ["RestartPreventExitStatus=2 4 5", "Type=notify", "WatchdogSec=60", "Restart=always", "DynamicUser=yes", "StateDirectoryMode=0700"]:
        check(line, re.search(rf"^{line}$", text, re.M))
    start = re.search(r"^ExecStart=forewarn (.*)$", text, re.M)[1].split()
    check("its command exists", flags(o, start), start)


def compose(check, o):
    s = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["forewarn"]
    check("its command exists", flags(o, s["command"]), s["command"])
    check("published on loopback only", all(p.startswith("127.0.0.1:8321:") for p in s["ports"]), s["ports"])
    check("nothing to gain", s["cap_drop"] == ["ALL"] and s["read_only"])
    how = s["healthcheck"]["test"]
    check.equal("a command", how[0], "CMD")
    d = Provider().daemon(o.binary)
    asked = [a.replace("/8321;", f"/{d.intake};") for a in how[1:]]
    check.equal("the health check passes beside a daemon", subprocess.run(asked, timeout=20).returncode, 0)
    d.stop()
    d.remove()
    check("and fails without", subprocess.run(asked, timeout=20, stderr=subprocess.DEVNULL).returncode != 0)


def nomad(check, o):
    text = (DEPLOY / "forewarn.nomad.hcl").read_text()
    check("one instance", re.search(r"^\s+count = 1$", text, re.M))
    for opening, closing in ["{}", "[]", "()"]:
        check.equal(f"{opening}{closing} in pairs", text.count(opening), text.count(closing))
    args = re.search(r"args\s+= (\[.*\])", text)[1]
    check("its command exists", flags(o, re.findall(r'"([^"]*)"', args)), args)
    config = re.search(r"<<-EOF\n(.*?)\n\s+EOF", text, re.S)[1]
    config = re.sub(r"file:/secrets/slack", "env:SLACK_BOT_TOKEN", re.sub(r"file:/secrets/openai", "env:OPENAI_WEBHOOK_SECRET", config))
    code, said = accepted(o, re.sub(r"(?m)^ {10}", "", config))
    check("its config is accepted", code == 0, said)


def dockerfile(check, o):
    text = (ROOT / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+)", text, re.M)
    check.equal("two stages", len(stages), 2)
    rust = re.search(r'rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text())[1]
    check("built by the Rust we ask for", stages[0].startswith(f"rust:{rust}-"), stages)
    last = text[text.rindex("FROM"):]
    user = re.search(r"^USER (\d+):(\d+)", last, re.M)
    check("not as root", user and user[1] != "0")
    check("stopped by the signal that drains", "STOPSIGNAL SIGTERM" in last)
    ignore = (ROOT / ".dockerignore").read_text()
    for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M):
        for name in line.split()[:-1]:
            check(f"{name} exists and is sent", (ROOT / name).exists() and re.search(rf"^!{re.escape(name)}", ignore, re.M), name)
    # What the build reads: every path that the sources include at compile time lies in what is copied.
    outside = subprocess.run(["grep", "-rnoE", r'include_(str|bytes)!\("[^"]+"\)', ROOT / "src", ROOT / "build.rs"], capture_output=True, text=True).stdout
    copied = {n.split("/")[0] for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.M) for n in line.split()[:-1]}
    for line in outside.splitlines():
        file, _, rest = line.split(":", 2)
        target = (Path(file).parent / re.search(r'"([^"]+)"', rest)[1]).resolve()
        if target.exists():
            check(f"{target.relative_to(ROOT)} is copied", target.relative_to(ROOT).parts[0] in copied | {"tests", "fixtures"})
    cmd = re.search(r'^CMD (\[.*\])', last, re.M)[1]
    check("its command exists", flags(o, re.findall(r'"([^"]*)"', cmd)), cmd)


def release(check, o):
    w = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    check.equal("nothing by default", w["permissions"], {})
    steps = [s for j in w["jobs"].values() for s in j["steps"]]
    check("every action has a version", all(re.search(r"@v\d+$", s["uses"]) for s in steps if "uses" in s))
    check("every build is locked", all("--locked" in s["run"] for s in steps if s.get("run", "").startswith("cargo ") and "cargo deb" not in s["run"]))
    check("tests come before", any(s.get("run") == "cargo test --locked" for s in w["jobs"]["build"]["steps"]))
    check.equal("a draft, for a person to publish", "--draft" in str(w["jobs"]["draft"]), True)


if __name__ == "__main__":
    run(__doc__, {"systemd": systemd, "kubernetes": kubernetes, "compose": compose, "nomad": nomad, "dockerfile": dockerfile, "release": release})
