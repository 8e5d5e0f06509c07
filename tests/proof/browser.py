"""The pages in a real browser: every page in light and dark, on a desk and a phone, without a serious finding of axe-core, a
console error, a request elsewhere or a sideways scroll; people find, acknowledge, snooze, sign in, with a keyboard alone and
without JavaScript; hostile text in every field stays text. Pictures are kept under target/proof/screenshots."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

from common import PROJECT, SECRETS, run, until
from fronts import SignedIn
from scene import Scene

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
MODULES = Path(os.environ.get("BROWSER", TARGET / "proof" / "browser"))


def drive(check, part, at, **env):
    """A part of browser.mjs, its checks counted with ours."""
    env = {**os.environ, "BROWSER_MODULES": str(MODULES), "SCREENSHOTS": str(TARGET / "proof" / "screenshots"), **env}
    script = PROJECT / "tests" / "proof" / "browser" / "browser.mjs"
    r = subprocess.run(["node", script, part, at], capture_output=True, text=True, env=env, timeout=900)
    said = [json.loads(line) for line in r.stdout.splitlines() if line.startswith("{")]
    for c in said:
        check(c["name"], c["ok"], c["detail"])
    check(f"{part} came to its end", r.returncode == 0 and said, r.stderr[-1500:])


def browser(check, o):
    scene = Scene(o.binary).build()
    try:
        drive(check, "picture", scene.at)
        drive(check, "pages", scene.at)
        drive(check, "people", scene.at)
        made = [json.loads(scene.cli("token", "add", name, "--role", role, "--json"))["token"] for name, role in [("kai", "act"), ("lu", "read")]]
        scene.restart("[access]\nsign_in = true")
        drive(check, "door", scene.at, TOKEN=made[0], READER=made[1])
        proxied(check, scene, made[0])
        check("the daemon's log holds no error", "ERROR" not in scene.daemon.log(), scene.daemon.log()[-1500:])
    finally:
        scene.end()


def proxied(check, scene, token):
    """Behind the documented nginx, which lets in whom a stand-in of oauth2-proxy knows."""
    people = {"kai": ("kai@example.com", "voice"), "ana": ("ana@example.com", "sre,voice")}
    front = SignedIn(scene.daemon.private, SECRETS["PROXY_SECRET"], people)
    try:
        if not check("nginx takes the text of the documentation", until(front.up, 20, 0.1), front.said()):
            return
        scene.restart('private_url = "https://forewarn.internal"\n[access.proxy]\nfrom = ["127.0.0.1"]\nsecret = "env:PROXY_SECRET"\nrole = "act"\nadmins = ["sre"]\n')
        drive(check, "proxied", "https://forewarn.internal", AROUND=f"MAP forewarn.internal 127.0.0.1:{front.port}", BEHIND=scene.at)
        asked = urllib.request.Request(f"{scene.at}/audit", headers={"authorization": f"Bearer {token}"})
        audit = urllib.request.urlopen(asked, timeout=20).read().decode()
        check("the audit names whom the proxy knows, and nobody else", "kai@example.com" in audit and "mallory" not in audit, audit[:1500])
    finally:
        front.stop()


def hostile(check, o):
    scene = Scene(o.binary, hostile=True).build()
    try:
        drive(check, "hostile", scene.at)
        log = scene.daemon.log()
        check("no line of the log is forged", "\u202e" not in log and "\u2028" not in log and "\x1b[31m" not in log, log[-1500:])
    finally:
        scene.end()


if __name__ == "__main__":
    run(__doc__, {"browser": browser, "hostile": hostile})
