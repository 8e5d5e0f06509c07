#!/usr/bin/env python3
"""No fetch reaches an address it must not, and no message one of a metadata service: S1 to S8 in a network namespace of its own, with a resolver of its own that rebinds,
a public web server that lies, and canaries on every refused address. A canary that is connected to at all has failed.
Needs root (or user namespaces) and `openssl`; says SKIPPED without.
"""

import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from common import Daemon, Server, run, serve, until

PUBLIC = "9.9.9.9"
METADATA = "169.254.169.254"
PROXY = "10.0.0.9"
REFUSED = ["127.0.0.2", "10.0.0.5", "172.16.0.5", "192.168.1.5", METADATA, "100.100.100.200", "198.18.0.5", "fd00::5", "::1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"]

# What the public server answers with `Location`, by the name of the source that asks.
REDIRECTS = {
    "meta": f"https://{METADATA}/latest/meta-data/", "localhost": "https://localhost/", "localhost-dot": "https://localhost./",
    "ten": "https://10.0.0.5/", "v6-loopback": "https://[::1]/", "v6-unique": "https://[fd00::5]/", "v6-link": "https://[fe80::5]/",
    "v4-mapped": f"https://[::ffff:{METADATA}]/", "nat64": "https://[64:ff9b::a9fe:a9fe]/", "six-to-four": "https://[2002:a9fe:a9fe::1]/",
    "hex": "https://0x7f.2/", "integer": "https://2130706434/", "octal": "https://0177.0.0.2/", "zero": "https://0.0.0.0/",
    "shared": "https://100.100.100.200/", "dot": f"https://{METADATA}./", "lookalike": "https://①⑥⑨.②⑤④.①⑥⑨.②⑤④/", "name": "https://private.test/",
    "downgrade": f"http://{PUBLIC}/", "user": f"https://me:secret@{PUBLIC}/", "file": "file:///etc/passwd", "gopher": "gopher://10.0.0.5/",
    "ftp": "ftp://10.0.0.5/", "data": "data:text/plain,x",
}
SELF = ["loop", "many"]  # redirected to itself, to ever new addresses
DIRECT = ["private.test", "both.test"]  # names whose answers hold a refused address
HOSTS = [f"{n}.test" for n in [*REDIRECTS, *SELF, "good", "rebind", "feed", "key", "elsewhere"]] + DIRECT

hits, asked, requests = Counter(), Counter(), []


def answers(name):
    """A records of a name; the second answer of rebind.test is another than its first."""
    asked[name] += 1
    if name == "private.test":
        return ["10.0.0.5"]
    if name == "both.test":
        return [PUBLIC, "10.0.0.5"]
    if name == "rebind.test":
        return [PUBLIC if asked[name] == 1 else METADATA]
    if name == "metadata.test":
        return [METADATA]
    if name == "halfway.test":
        return [PUBLIC, METADATA]
    return [PUBLIC] if name.endswith(".test") else []


def resolver():
    """DNS over UDP, as much as is asked here; every answer lives for 0 s."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 53))

    def loop():
        while True:
            q, who = s.recvfrom(512)
            at, labels = 12, []
            while q[at]:
                labels.append(q[at + 1 : at + 1 + q[at]].decode())
                at += 1 + q[at]
            kind = struct.unpack(">H", q[at + 1 : at + 3])[0]
            name = ".".join(labels).lower()
            found = answers(name) if kind == 1 else []
            rr = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(a) for a in found)
            s.sendto(q[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0) + q[12 : at + 5] + rr, who)

    threading.Thread(target=loop, daemon=True).start()


def canary(address, port):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        s.bind((address, port))
    except OSError:
        return False
    s.listen(64)

    def loop():
        while True:
            c, _ = s.accept()
            hits[address] += 1
            if address == PROXY:
                requests.append(("proxy", c.recv(4096).split(b"\r\n")[0].decode(errors="replace")))
            c.close()

    threading.Thread(target=loop, daemon=True).start()
    return True


FEED = f"""<?xml version="1.0"?><?xml-stylesheet href="https://10.0.0.5/x.xsl"?><!DOCTYPE rss SYSTEM "https://10.0.0.5/x.dtd" [<!ENTITY x SYSTEM "https://{METADATA}/">]>
<rss version="2.0"><channel><title>Acme</title><link>https://10.0.0.5/</link><image><url>https://10.0.0.5/i.png</url></image><item><title>Hello</title><link>https://{METADATA}/a</link>
<enclosure url="https://10.0.0.5/e.mp3" type="audio/mpeg" length="1"/><description>&lt;img src="https://192.168.1.5/x.png"&gt; words</description></item></channel></rss>"""
SUMMARY = '{"page":{"id":"p","name":"Acme"},"status":{"indicator":"none"},"components":[{"id":"api","name":"API","status":"operational"}],"incidents":[],"scheduled_maintenances":[]}'


def public(cert):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            host = self.headers.get("host", "").split(":")[0]
            name = host.removesuffix(".test")
            requests.append((host, self.path, self.headers.get("authorization")))
            to = REDIRECTS.get(name) or {"loop": "/", "many": f"/{len(requests)}", "key": "https://elsewhere.test/"}.get(name)
            body = FEED if name == "feed" else SUMMARY
            self.send_response(302 if to else 200)
            self.send_header("content-length", "0" if to else str(len(body.encode())))
            if to:
                self.send_header("location", to.encode().decode("latin-1"))
            self.end_headers()
            if not to:
                self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = Server((PUBLIC, 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def certificates(folder):
    """A CA, and a certificate of it for every name here."""
    names = ",".join(f"DNS:{h}" for h in HOSTS) + f",IP:{PUBLIC}"
    openssl = lambda *a: subprocess.run(["openssl", *a], check=True, capture_output=True, cwd=folder)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=proof", "-days", "2")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=proof.test")
    (folder / "ext").write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "cert.pem", "-days", "2", "-extfile", "ext")
    both = folder / "both.pem"
    both.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return folder / "ca.pem", both


def source(name, url):
    return f'[sources."status.{name}"]\nkind = "status"\nevidence = "V"\ndialect = "statuspage"\nurl = "{url}"\nhistory = "{url}"\nevery = "10s"\n'


class World:
    """One daemon with these sources; it lives until each was tried."""

    def __init__(self, o, ca, names, settings="", **env):
        folder = Path(tempfile.mkdtemp(prefix="forewarn-ssrf-"))
        text = 'format = 1\nid = "acme"\nname = "Acme"\nurl = "https://acme.example"\n'
        text += "".join(source(n.removesuffix(".test"), f"https://{n if n.endswith('.test') else n + '.test'}/") for n in names)
        if "feed" in names:
            text += '[sources.changelog]\nkind = "changelog"\nevidence = "V"\nform = "feed"\nurl = "https://feed.test/"\nguards = { must_contain = ["Acme"] }\n'
        if "key" in names:
            text += '[sources.models]\nkind = "models"\nevidence = "V"\nurl = "https://key.test/"\nauth = "bearer"\nitems = "/data"\nid = "/id"\nshutdown_on = "/on"\nguards = { min_rows = 1 }\n'
        (folder / "acme.toml").write_text(text)
        config = f'watch = ["acme"]\nproviders_dir = "{folder}"\n[fetch]\nca_file = "{ca}"\n{settings}\n[connections."acme/main"]\napi_key = "env:OPENAI_WHSEC"\n'
        self.daemon = Daemon(o.binary, config, env={**{k: "" for k in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"]}, **env})
        hits.clear(), asked.clear(), requests.clear()
        self.daemon.start()
        tried = lambda: all(s.get("last_try_at") for s in self.daemon.json("status")[1]["sources"])
        until(tried, 60, 0.5)
        self.sources = {s["id"].split("/", 1)[1]: s for s in self.daemon.json("status")[1]["sources"]}

    def end(self):
        self.daemon.stop()
        self.daemon.remove()


def canaries(check, o):
    for a in REFUSED + [PROXY]:
        if a in hits or not o.bound.get(a):
            continue
        before = hits[a]
        socket.create_connection((a, 443), 2).close()
        check(f"the canary on {a} sings when it is touched", until(lambda: hits[a] > before, 2))
    check("at least eight addresses have a canary", sum(o.bound.values()) >= 8, o.bound)


def redirects(check, o):
    """S1, S3, S4, S5: what the public server redirects to."""
    w = World(o, o.ca, [*REDIRECTS, *SELF, "good", "feed", "key"], HTTPS_PROXY=f"http://{PROXY}:3128", HTTP_PROXY=f"http://{PROXY}:3128", ALL_PROXY=f"http://{PROXY}:3128")
    check("a good source is read through the CA file", w.sources["status.good"]["health"] == "fresh", w.sources["status.good"])
    check("a feed full of links to canaries is fetched (S7)", any(r[0] == "feed.test" for r in requests), w.sources["changelog"])
    for name in REDIRECTS:
        s = w.sources[f"status.{name}"]
        check(f"redirect to {REDIRECTS[name]} is refused", s["health"] != "fresh" and s.get("problem"), s)
        check(f"and was asked once: {name}", any(r[0] == f"{name}.test" for r in requests), requests)
    for name in SELF:
        n = sum(r[0] == f"{name}.test" for r in requests)
        check(f"at most five redirects are followed ({name})", 0 < n <= 6 * max(1, w.sources[f"status.{name}"]["failures"]), n)
    auth = {r[0]: r[2] for r in requests if r[0] in ("key.test", "elsewhere.test") and len(r) == 3 and r[1] == "/"}
    keyed = [r for r in requests if r[0] == "key.test" and r[2]]
    check("the key goes to its own host", keyed, auth)
    check("and to no other", not [r for r in requests if r[0] == "elsewhere.test" and r[2]] and any(r[0] == "elsewhere.test" for r in requests), auth)
    check.equal("no canary was touched (S1, S3, S4, S6, S7)", dict(hits), {})
    w.end()


def rebinding(check, o):
    """S2: public first, private after; both in one answer."""
    w = World(o, o.ca, [*DIRECT, "rebind"])
    until(lambda: asked["rebind.test"] >= 3, 40, 0.5)
    check("the rebinding name was asked again", asked["rebind.test"] >= 2, asked)
    check("its first answer was used", any(r[0] == "rebind.test" for r in requests), requests)
    for name in ("private", "both"):
        check(f"{name}.test is refused", "not public" in (w.sources[f"status.{name}"].get("problem") or ""), w.sources[f"status.{name}"])
    check.equal("no canary was touched (S2)", dict(hits), {})
    w.end()


def allowed(check, o):
    """What the config allows one source is that and no more."""
    w = World(o, o.ca, ["private.test", "both.test"], '[fetch.allow]\n"acme/status.private" = ["10.0.0.5"]\n')
    check.equal("only the block of that one source is reached", set(hits), {"10.0.0.5"})
    check("the other source is still refused", "not public" in (w.sources["status.both"].get("problem") or ""), w.sources["status.both"])
    w.end()


def proxy(check, o):
    """S6: a proxy that the config names is used; its targets are checked all the same."""
    w = World(o, o.ca, ["good", "private.test"], f'proxy = "http://{PROXY}:3128"')
    lines = [r[1] for r in requests if r[0] == "proxy"]
    check("a public target goes through it", any(l.startswith("CONNECT good.test:443") for l in lines), lines)
    check("a private one is refused before it", not any("private" in l for l in lines) and "not public" in (w.sources["status.private"].get("problem") or ""), lines)
    check.equal("nothing else was touched", set(hits), {PROXY})
    w.end()


def channels(check, o):
    """S8: no channel reaches a metadata service or the link, by address or by name; what answers is never repeated."""
    inner = serve(lambda handler, body: (500, {}, b"secret of the machine"))
    hooks = {"meta": "https://metadata.test/x", "half": "https://halfway.test/x", "ten": "https://private.test/x", "inner": f"http://127.0.0.1:{inner.server_address[1]}/"}
    text = "watch = []\n" + "".join(f'[webhooks.{n}]\nurl = "{u}"\nsecret = "env:SINK_SECRET"\n[owners.{n}]\nwebhook = "{n}"\n' for n, u in hooks.items())
    text += '[slack.webhooks]\nmeta = "env:SLACK_META"\n[owners.slack]\nslack_webhook = "meta"\n'
    d = Daemon(o.binary, text, env={"SLACK_META": "https://metadata.test/services/T0/B0/x"}).start()
    hits.clear()
    for contact in ["meta/webhook", "half/webhook", "slack/slack_webhook"]:
        code, out, err = d.cli("send-test", contact)
        check(f"send-test {contact} is refused", code != 0 and "metadata" in out + err, (code, out, err))
    check.equal("no canary was touched by them (S8)", dict(hits), {})
    d.cli("send-test", "ten/webhook")
    check.equal("a receiver in a private network may be one", set(hits), {"10.0.0.5"})
    code, out, err = d.cli("send-test", "inner/webhook")
    check("what answered is not repeated", code != 0 and "500" in out + err and "secret of" not in out + err + d.log(), (code, out, err))
    d.stop()
    for url in [f"https://{METADATA}/x", "https://[fd00:ec2::254]/x", "https://0xa9fea9fe/x", "https://[::ffff:a9fe:a9fe]/x", "https://[fe80::5]/x", f"http://{METADATA}/x"]:
        d.config.write_text(f'[webhooks.bad]\nurl = "{url}"\nsecret = "env:SINK_SECRET"\n')
        code, out, err = d.cli("check")
        check(f"{url} is refused in the config", code == 2 and "metadata" in out + err, (code, out, err))
    d.remove()


def inside():
    ip = lambda *a: subprocess.run(["ip", *a], capture_output=True)
    ip("link", "set", "lo", "up")
    for a in [PUBLIC, PROXY, *REFUSED]:
        ip(*(["-6"] if ":" in a else []), "addr", "add", a + ("/128" if ":" in a else "/32"), "dev", "lo")
    folder = Path(tempfile.mkdtemp(prefix="forewarn-ssrf-"))
    for file, text in {"/etc/resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n", "/etc/hosts": "127.0.0.1 localhost\n", "/etc/nsswitch.conf": "hosts: files dns\n"}.items():
        own = folder / Path(file).name
        own.write_text(text)
        if Path(file).exists() and subprocess.run(["mount", "--bind", own, file], capture_output=True).returncode:
            skip(f"cannot cover {file}")
    bound = {a: canary(a, 443) and canary(a, 80) for a in REFUSED}
    bound[PROXY] = canary(PROXY, 443) and canary(PROXY, 3128)
    resolver()
    ca, cert = certificates(folder)
    public(cert)

    def given(step):
        def with_world(check, o):
            o.bound, o.ca = bound, ca
            step(check, o)

        return with_world

    steps = {"canaries": canaries, "redirects": redirects, "rebinding": rebinding, "allowed": allowed, "proxy": proxy, "channels": channels}
    run(__doc__, {name: given(step) for name, step in steps.items()})


def skip(why):
    print(f"SKIPPED: the fetches are NOT proven: {why}\n0 passed, 0 failed")
    sys.exit(0)


if os.environ.get("FOREWARN_SSRF_INSIDE"):
    inside()
else:
    flags = "-nm" if os.geteuid() == 0 else "-rnm"
    if subprocess.run(["unshare", flags, "true"], capture_output=True).returncode:
        skip("no namespaces here")
    os.environ["FOREWARN_SSRF_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", flags, sys.executable, *sys.argv])
