"""The proxies of docs/operating.md, started with the very text of the documentation: nginx and Caddy before the public side, nginx
with sign-in before the private one."""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from common import PROJECT, free_port, serve


def documented(language, mark):
    """The one block of the documentation that has this mark."""
    text = (PROJECT / "docs/operating.md").read_text()
    return next(b for b in re.findall(rf"```{language}\n(.*?)```", text, re.S) if mark in b)


def put(text, **places):
    """The text with other ports in it; every place must be there."""
    for old, new in places.values():
        if old not in text:
            raise RuntimeError(f"the documentation says nothing of {old}")
        text = text.replace(old, new)
    return text


class Front:
    """A proxy in a folder of its own, on a port of loopback, with a certificate for `name`."""

    def __init__(self, name):
        self.name, self.dir, self.port = name, Path(tempfile.mkdtemp(prefix="forewarn-front-")), free_port()
        self.dir.chmod(0o755)
        self.cert, self.key = self.dir / "cert.pem", self.dir / "key.pem"
        make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        subprocess.run([*make, "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.cert], check=True, capture_output=True)

    def start(self, *words):
        env = {**os.environ, "HOME": str(self.dir), "XDG_DATA_HOME": str(self.dir), "XDG_CONFIG_HOME": str(self.dir)}
        with open(self.dir / "said", "wb") as said:
            self.process = subprocess.Popen(words, stdout=said, stderr=said, env=env)
        return self

    def ask(self, method, path, body=None, headers=None):
        c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=ssl._create_unverified_context())
        try:
            c.putrequest(method, path, skip_host=True)
            for k, v in {"host": self.name, "content-length": str(len(body or b"")), **(headers or {})}.items():
                c.putheader(k, v)
            c.endheaders(body)
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()
        finally:
            c.close()

    def up(self):
        try:
            return self.ask("GET", "/")[0] > 0
        except OSError:
            return False

    def said(self):
        return (self.dir / "said").read_text()[-1500:]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


class Nginx(Front):
    """nginx with these servers."""

    def __init__(self, name, server):
        super().__init__(name)
        server = put(server, port=("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl; ssl_certificate {self.cert}; ssl_certificate_key {self.key};"))
        paths = "".join(f"{kind}_temp_path {self.dir}/{kind};" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        (self.dir / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {self.dir}/pid; error_log {self.dir}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; {paths}\n{server}\n}}\n"
        )
        self.start(shutil.which("nginx") or "/usr/sbin/nginx", "-p", self.dir, "-c", self.dir / "nginx.conf")


def nginx(intake):
    """Before the public side."""
    return Nginx("forewarn.example.com", put(documented("nginx", "merge_slashes"), intake=("127.0.0.1:8321", f"127.0.0.1:{intake}")))


class Caddy(Front):
    """Caddy before the public side. It may neither ask for a certificate nor keep anything elsewhere."""

    def __init__(self, intake):
        super().__init__("forewarn.example.com")
        site = f"https://forewarn.example.com:{self.port} {{\n  bind 127.0.0.1\n  tls {self.cert} {self.key}\n"
        text = put(documented("text", "reverse_proxy"), intake=("127.0.0.1:8321", f"127.0.0.1:{intake}"), site=("forewarn.example.com {\n", site))
        file = self.dir / "Caddyfile"
        file.write_text(f"{{\n  admin off\n  auto_https off\n  default_sni forewarn.example.com\n}}\n{text}")
        self.start("caddy", "run", "--config", file, "--adapter", "caddyfile")


class SignedIn(Nginx):
    """nginx that asks a stand-in of oauth2-proxy before each request: the cookie `person` names somebody of `people`."""

    def __init__(self, private, secret, people):
        def answer(handler, body):
            if handler.path.startswith("/oauth2/sign_in"):
                return 200, {"content-type": "text/html"}, b"<!doctype html><title>Sign in</title><h1>Who are you?</h1>"
            found = re.search(r"person=(\w+)", handler.headers.get("cookie", ""))
            if handler.path != "/oauth2/auth" or not found or found[1] not in people:
                return 401, {}, b""
            email, groups = people[found[1]]
            return 202, {"x-auth-request-email": email, "x-auth-request-groups": groups}, b""

        self.gate = serve(answer)
        text = documented("nginx", "auth_request")
        places = {"gate": ("127.0.0.1:4180", f"127.0.0.1:{self.gate.server_address[1]}"), "private": ("127.0.0.1:8322", f"127.0.0.1:{private}")}
        super().__init__("forewarn.internal", put(text, secret=("the text of the secret", secret), **places))
