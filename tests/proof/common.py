"""What the proofs share: the daemon as a process, posting and signing without libraries, a strict fake of Slack and a
receiver of outgoing webhooks, counting of checks. Python's standard library only."""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import uuid
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SECRETS = {
    "OPENAI_WHSEC": "whsec_" + base64.b64encode(b"openai-key-of-the-proofs-32-byte").decode(),
    "ANTHROPIC_WHSEC": "whsec_" + base64.b64encode(b"anthropic-key-of-the-proofs-32-b").decode(),
    "STRIPE_WHSEC": "whsec_key-of-the-stripe-proof",
    "GITHUB_WHSEC": "a-long-random-text-of-the-github-proof",
    "SINK_SECRET": "whsec_" + base64.b64encode(b"sink-key-of-the-proofs-32-bytes!").decode(),
    "SLACK_BOT_TOKEN": "xoxb-proof",
    "SMTP_PASSWORD": "mail-proof-password",
    "PROXY_SECRET": "proxy-secret-of-the-proofs-long-enough",
}


def options(about, **more):
    p = argparse.ArgumentParser(description=about)
    p.add_argument("--binary", default=os.environ.get("FOREWARN_BINARY"), help="default: the release binary of this project")
    for name, default in more.items():
        kind = {"action": "store_true"} if default is False else {"default": default, "type": type(default)}
        p.add_argument("--" + name.replace("_", "-"), **kind)
    o = p.parse_args()
    target = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
    o.binary = Path(o.binary) if o.binary else target / "release" / "forewarn"
    if not o.binary.exists():
        sys.exit(f"{o.binary} is missing: run cargo build --release, or name another with --binary")
    return o


class Checks:
    """Counts, and says each."""

    def __init__(self):
        self.passed, self.failed = 0, []

    def __call__(self, name, ok, detail=""):
        if ok:
            self.passed += 1
            print(f"ok    {name}", flush=True)
        else:
            self.failed.append(name)
            print(f"FAIL  {name}: {str(detail)[:1500]}", flush=True)
        return bool(ok)

    def equal(self, name, got, want):
        return self(name, got == want, f"got {got!r}, want {want!r}")

    def guarded(self, name, step, *args):
        """Runs a part; if it falls over, that is a failure and the other parts go on."""
        try:
            step(self, *args)
        except Exception:
            self(f"{name} falls over", False, traceback.format_exc()[-1500:])


def run(about, steps, **more):
    """A script: its parts by name, one after the other; --only runs one. Ends the process."""
    o = options(about, only="", **more)
    check = Checks()
    for name, step in steps.items():
        if o.only in ("", name):
            check.guarded(name, step, o)
    print(f"{check.passed} passed, {len(check.failed)} failed")
    sys.exit(1 if check.failed or not check.passed else 0)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, seconds=20, every=0.05):
    """Waits until `what()` is truthy and gives it; None when time is up."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got or time.monotonic() > end:
            return got or None
        time.sleep(every)


def post(port, path, body=b"", headers=None, method="POST", timeout=20):
    """One request on a connection of its own: (status, headers in lower case, body)."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        c.request(method, path, body, {"content-type": "application/json", **(headers or {})})
        r = c.getresponse()
        return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
    finally:
        c.close()


def standard(secret, id, body, ts=None):
    """Headers of Standard Webhooks, by the text of the standard."""
    ts = str(int(time.time()) if ts is None else ts)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    tag = hmac.new(key, f"{id}.{ts}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": id, "webhook-timestamp": ts, "webhook-signature": "v1," + base64.b64encode(tag).decode()}


def openai_event(id, routed=True):
    """A delivery of OpenAI: a safety alert (account, routed) or a finished response (job, quiet)."""
    kind, data = ("safety.alert.created", f"alert_{id}") if routed else ("response.completed", f"resp_{id}")
    event = {"id": id, "object": "event", "created_at": int(time.time()), "type": kind, "data": {"id": data}}
    return json.dumps(event).encode()


def new_id(tag="evt"):
    return f"{tag}_{uuid.uuid4().hex}"


CONFIG = """
catch_all = "platform"
watch = []
digest = "off"  # a Monday at nine is no surprise here
{settings}
{channels}
[provider.openai.sources.deprecations]
evidence = "U"  # off: nothing here asks the network
[connections."openai/main"]
webhook_secret = "env:OPENAI_WHSEC"
[connections."anthropic/main"]
webhook_secret = "env:ANTHROPIC_WHSEC"
[connections."stripe/main"]
webhook_secret = "env:STRIPE_WHSEC"
[connections."github/main"]
webhook_secret = "env:GITHUB_WHSEC"
[owners.platform]
{contacts}
[services.shop]
owner = "platform"
uses = ["openai", "anthropic", "stripe", "github"]
"""


def config(channels="", contacts="console = true", settings=""):
    return CONFIG.format(channels=channels, contacts=contacts, settings=settings)


class Daemon:
    """`forewarn serve` on ports and a folder of its own."""

    def __init__(self, binary, config, data=None, env=None):
        self.binary = str(binary)
        self.dir = Path(tempfile.mkdtemp(prefix="forewarn-proof-"))
        self.data = Path(data) if data else self.dir / "data"
        self.config = self.dir / "forewarn.toml"
        self.config.write_text(config)
        self.config.chmod(0o600)
        self.env = {**os.environ, **SECRETS, **(env or {})}
        self.intake, self.private = free_port(), free_port()
        self.process = None

    def start(self, wait=True, flags=(), **env):
        out, err = open(self.dir / "stdout", "ab"), open(self.dir / "stderr", "ab")
        args = [self.binary, "serve", "--config", str(self.config), "--data", str(self.data)]
        args += ["--intake", f"127.0.0.1:{self.intake}", "--listen", f"127.0.0.1:{self.private}", *flags]
        self.process = subprocess.Popen(args, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env={**self.env, **env})
        out.close(), err.close()
        if wait and not until(lambda: not self.alive() or self.healthy(), 20, 0.005):
            raise RuntimeError(f"not healthy after 20 s:\n{self.log()[-3000:]}")
        if wait and not self.alive() and "CRASH_AT" not in env:
            raise RuntimeError(f"ended with {self.process.returncode}:\n{self.log()[-3000:]}")
        return self

    def healthy(self):
        try:
            return post(self.private, "/healthz", None, method="GET", timeout=2)[0] == 200
        except OSError:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds=30):
        """SIGTERM; the exit code, or None when it had to be killed."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def hook(self, provider, body, headers, **more):
        return post(self.intake, f"/hooks/{provider}", body, headers, **more)

    def openai(self, id, routed=True, body=None):
        body = body or openai_event(id, routed)
        return self.hook("openai", body, standard(SECRETS["OPENAI_WHSEC"], id, body))[0]

    def cli(self, *args):
        """Runs a command beside the daemon: (exit code, stdout, stderr)."""
        args = [self.binary, *args, "--config", str(self.config), "--data", str(self.data)]
        r = subprocess.run(args, capture_output=True, text=True, env=self.env, timeout=60)
        return r.returncode, r.stdout, r.stderr

    def json(self, *args):
        code, out, err = self.cli(*args, "--json")
        try:
            return code, json.loads(out)
        except ValueError:
            raise RuntimeError(f"forewarn {' '.join(args)} --json: exit {code}, no JSON: {out[:300]!r} {err[:500]!r}")

    def all(self, *args):
        """Every item of a list, page after page."""
        items, more = [], []
        while True:
            _, page = self.json(*args, "--limit", "1000", *more)
            items += page["items"]
            if not page.get("next"):
                return items
            more = ["--before", str(page["next"])]

    def pending(self):
        """What the ledger says is still to be done; None when it does not add up."""
        code, ledger = self.json("audit")
        return None if code else sum(p["n"] for line in ledger["lines"] for p in line["parts"] if p["name"] == "pending")

    def settles(self, seconds=20):
        return until(lambda: self.pending() == 0, seconds, 0.3)

    def out(self):
        return (self.dir / "stdout").read_text(errors="replace")

    def log(self):
        return (self.dir / "stderr").read_text(errors="replace")

    def rss_kb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def remove(self):
        if self.process and self.alive():
            self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # the daemon was killed in the middle of a request


def serve(answer, port=0):
    """An HTTP server in a thread. `answer(handler, body)` gives (status, headers, body bytes) or None for no answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            got = answer(self, body)
            if got is None:
                self.close_connection = True
                return
            status, headers, text = got
            self.send_response(status)
            for k, v in {"content-length": str(len(text)), **headers}.items():
                self.send_header(k, v)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class FakeSlack:
    """chat.postMessage with Slack's limits. `script` holds answers for the next requests; empty: as Slack would."""

    def __init__(self, delay=0.0):
        self.delay, self.script, self.messages, self.requests, self.broken = delay, [], [], [], []
        self.lock = threading.Lock()
        self.server = serve(self.answer)
        self.port = self.server.server_address[1]
        self.channels = f'[slack]\nbot_token = "env:SLACK_BOT_TOKEN"\napi_url = "http://127.0.0.1:{self.port}/api"\n'

    def answer(self, handler, body):
        def reply(value, status=200, **headers):
            return status, {"content-type": "application/json; charset=utf-8", **headers}, json.dumps(value).encode()

        with self.lock:
            at = time.monotonic()
            self.requests.append((at, body))
            act = self.script.pop(0) if self.script else None
        if act and act.startswith("429"):
            after = act[4:] if ":" in act else "2"
            after = formatdate(time.time() + 3, usegmt=True) if after == "date" else after
            return reply({"ok": False, "error": "ratelimited"}, 429, **({"retry-after": after} if after else {}))
        if act == "html":
            return 200, {"content-type": "text/html"}, b"<html><body>Sign in to the network</body></html>"
        if act == "hang":
            time.sleep(45)
            return None
        if act == "drop":
            return None
        if act:  # any other word is an error of Slack
            return reply({"ok": False, "error": act})
        problem, m = self.check(handler, body)
        if problem:
            with self.lock:
                self.broken.append(problem)
            return reply({"ok": False, "error": problem.split(":")[0]})
        time.sleep(self.delay)
        with self.lock:
            ts = f"{int(time.time())}.{len(self.messages) + 1:06d}"
            self.messages.append({"ts": ts, "at": at, **m})
        message = {"ts": ts, "text": m["text"], **({"thread_ts": m["thread_ts"]} if "thread_ts" in m else {})}
        return reply({"ok": True, "channel": "C0PROOF", "ts": ts, "message": message})

    def check(self, handler, body):
        """What Slack refuses, and what it would silently cut."""
        if handler.path != "/api/chat.postMessage":
            return f"unknown_method: {handler.path}", None
        if handler.headers.get("authorization") != "Bearer " + SECRETS["SLACK_BOT_TOKEN"]:
            return "invalid_auth", None
        if not handler.headers.get("content-type", "").startswith("application/json"):
            return "invalid_post_type", None
        try:
            m = json.loads(body)
        except ValueError:
            return "invalid_json", None
        blocks = m.get("blocks", [])
        if not m.get("channel"):
            return "channel_not_found", None
        if not m.get("text") and not blocks:
            return "no_text", None
        if len(m.get("text", "")) > 4000 or len(blocks) > 50:
            return "msg_too_long", None
        for b in blocks:
            texts = [b["text"]] if "text" in b else b.get("elements", [])
            for t in texts:
                if not 1 <= len(t.get("text", "")) <= 3000:
                    return f"invalid_blocks: a text of {len(t.get('text', ''))}", None
        for token in re.findall(r"<[^>]*>?", json.dumps(m, ensure_ascii=False)):
            if not token.startswith(("<http://", "<https://", "<mailto:")):
                return f"unexpected_markup: {token}", None
        with self.lock:
            if m.get("thread_ts") and m["thread_ts"] not in {x["ts"] for x in self.messages}:
                return "thread_not_found", None
        return None, m


def same_message(m):
    """What makes two Slack messages the same one: the headline and the alerts named in it."""
    return m["text"], tuple(sorted(set(re.findall(r"#(\d+)", json.dumps(m)))))


class Sink:
    """A receiver of outgoing webhooks, checking their signature by the text of the standard."""

    def __init__(self):
        self.received, self.wrong = [], []
        self.lock = threading.Lock()
        self.server = serve(self.answer)
        url = f"http://127.0.0.1:{self.server.server_address[1]}/in"
        self.channels = f'[webhooks.sink]\nurl = "{url}"\nsecret = "env:SINK_SECRET"\n'

    def answer(self, handler, body):
        h = handler.headers
        want = standard(SECRETS["SINK_SECRET"], h.get("webhook-id", ""), body, h.get("webhook-timestamp", ""))
        fits = hmac.compare_digest(want["webhook-signature"], h.get("webhook-signature", ""))
        with self.lock:
            (self.received if fits else self.wrong).append((h.get("webhook-id"), body))
        return (204, {}, b"") if fits else (401, {}, b"")
