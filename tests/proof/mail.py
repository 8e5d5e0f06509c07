#!/usr/bin/env python3
"""Mail through a real server and through one that misbehaves.

1. Exim of Debian (package exim4-daemon-light) with a configuration, spool and certificate authority of its own, on loopback:
   STARTTLS and TLS with a login. The daemon's mails are read back from the Maildir.
2. A scripted server: 4xx then takes it, 5xx for ever, the connection dropped after DATA. The daemon tries again after 30 s,
   so the three run side by side. Of three owners one has no mailbox: the others are told.
"""

import contextlib
import email
import email.policy
import json
import os
import pwd
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from common import SECRETS, Daemon, config, free_port, new_id, run, standard, until

EXIM = """
primary_hostname = localhost
local_interfaces = 127.0.0.1
daemon_smtp_ports = {starttls} : {tls}
tls_on_connect_ports = {tls}
spool_directory = {dir}/spool
log_file_path = {dir}/log-%slog
pid_file_path = {dir}/pid
exim_user = {user}
exim_group = {group}
never_users =
tls_advertise_hosts = *
tls_certificate = {dir}/cert.pem
tls_privatekey = {dir}/key.pem
auth_advertise_hosts = ${{if def:tls_in_cipher{{*}}}}
acl_smtp_rcpt = recipients
acl_smtp_data = content
keep_environment =
begin acl
recipients:
  accept authenticated = *
  deny message = authenticate first
content:
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  maildir_format
  directory = {dir}/Maildir
  create_directory
  user = {user}
  group = {group}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{forewarn}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{forewarn}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""


class Exim:
    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="forewarn-exim-"))
        self.starttls, self.tls = free_port(), free_port()
        user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        openssl = lambda *a: subprocess.run(["openssl", *a], cwd=self.dir, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=proof CA")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "req.pem", "-subj", "/CN=localhost")
        (self.dir / "san").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", "req.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-out", "cert.pem", "-extfile", "san")
        (self.dir / "spool").mkdir()
        for path in [self.dir, *self.dir.iterdir()]:
            os.chown(path, user.pw_uid, user.pw_gid)
            path.chmod(0o755 if path.is_dir() else 0o600)
        (self.dir / "ca.pem").chmod(0o644)
        conf = self.dir / "exim.conf"
        conf.write_text(EXIM.format(dir=self.dir, user=user.pw_name, group=user.pw_gid, starttls=self.starttls, tls=self.tls, password=SECRETS["SMTP_PASSWORD"]))
        conf.chmod(0o644)  # Exim wants it to be root's, or its user's
        exim = shutil.which("exim4") or "/usr/sbin/exim4"
        self.process = subprocess.Popen([exim, "-C", str(conf), "-bdf"], stdin=subprocess.DEVNULL, stdout=open(self.dir / "out", "wb"), stderr=subprocess.STDOUT)
        if not until(self.listens, 15):
            raise RuntimeError(f"Exim does not start: {(self.dir / 'out').read_text()}")

    def listens(self):
        with contextlib.suppress(OSError), socket.create_connection(("localhost", self.tls), 1):
            return True

    def mails(self):
        files = sorted((self.dir / "Maildir" / "new").glob("*"), key=lambda p: p.stat().st_mtime_ns)
        return [p.read_bytes() for p in files]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


def section(url, ca=None, password=True):
    lines = ["[email]", f'smtp = "{url}"', 'from = "forewarn <forewarn@example.com>"']
    lines += ['password = "env:SMTP_PASSWORD"'] if password else []
    lines += [f'ca_file = "{ca}"'] if ca else []
    return "\n".join(lines)


def anthropic(d, kind, **data):
    id = new_id()
    event = {"type": "event", "id": id, "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "data": {"type": kind, "organization_id": "org_1", "workspace_id": "wrk_1", **data}}
    body = json.dumps(event).encode()
    return d.hook("anthropic", body, standard(SECRETS["ANTHROPIC_WHSEC"], id, body))[0]


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.default)


def real(check, o):
    exim = Exim()
    hostile = 'prof_1\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script> & <!here>'
    try:
        for name, url in (("STARTTLS", f"smtp://forewarn@localhost:{exim.starttls}"), ("TLS", f"smtps://forewarn@localhost:{exim.tls}")):
            before = len(exim.mails())
            d = Daemon(o.binary, config(section(url, exim.dir / "ca.pem"), 'email = "platform@example.com"'))
            d.start()
            check.equal(f"{name}: a routed event", anthropic(d, "user_profile.enforcement_action_opened", id=hostile, enforcement_action_id="act_1"), 200)
            new = lambda: exim.mails()[before:]
            if not check(f"{name}: the mail is in the Maildir", until(new, 30), d.log()[-1500:] + "".join(p.read_text() for p in exim.dir.glob("log-*"))[-1500:]):
                d.remove()
                continue
            first = parse(new()[0])
            look_at(check, name, first, new()[0])
            check.equal(f"{name}: its end", anthropic(d, "user_profile.enforcement_action_resolved", id=hostile, enforcement_action_id="act_1"), 200)
            if check(f"{name}: a second mail of the same matter", until(lambda: len(new()) > 1, 30), d.log()[-800:]):
                second = parse(new()[1])
                check.equal(f"{name}: it answers the first", second["in-reply-to"], first["message-id"])
                check(f"{name}: and refers to it", first["message-id"] in (second["references"] or ""), second["references"])
                check(f"{name}: with a Message-ID of its own", second["message-id"] and second["message-id"] != first["message-id"])
                check(f"{name}: under the same number", number(second) == number(first) is not None, (second["subject"], first["subject"]))
            code, out, err = d.cli("send-test", "platform/email")
            check(f"{name}: forewarn send-test", code == 0 and until(lambda: len(new()) > 2, 20), (code, out, err))
            check.equal(f"{name}: SIGTERM", d.stop(), 0)
            check(f"{name}: the password is in no log", SECRETS["SMTP_PASSWORD"] not in d.log() + d.out())
            d.remove()
        d = Daemon(o.binary, config(section(f"smtp://forewarn@localhost:{exim.starttls}"), 'email = "platform@example.com"'))
        d.start()
        before = len(exim.mails())
        anthropic(d, "user_profile.enforcement_action_opened", id="prof_2", enforcement_action_id="act_2")
        check("a certificate nobody vouches for is refused", until(lambda: "ertificate" in d.log() or "UnknownIssuer" in d.log(), 20) and len(exim.mails()) == before, d.log()[-800:])
        d.remove()
    finally:
        exim.stop()


def number(mail):
    found = re.match(r"\[forewarn #(\d+)\]", mail["subject"] or "")
    return found and found[1]


def look_at(check, name, mail, raw):
    print(f"      Subject: {mail['subject']}")
    check(f"{name}: the subject has the number", number(mail), mail["subject"])
    check.equal(f"{name}: from", mail["from"].addresses[0].addr_spec, "forewarn@example.com")
    check.equal(f"{name}: to", mail["to"].addresses[0].addr_spec, "platform@example.com")
    check(f"{name}: Message-ID of our domain", re.fullmatch(r"<[0-9a-f]{32}@example\.com>", mail["message-id"] or ""), mail["message-id"])
    check.equal(f"{name}: no thread yet", mail["in-reply-to"], None)
    check.equal(f"{name}: marked as automatic", mail["auto-submitted"], "auto-generated")
    check(f"{name}: a date", mail["date"] and abs(mail["date"].datetime.timestamp() - time.time()) < 120, mail["date"])
    parts = [p.get_content_type() for p in mail.iter_parts()]
    check.equal(f"{name}: text, then HTML", (mail.get_content_type(), parts), ("multipart/alternative", ["text/plain", "text/html"]))
    text, html = (mail.get_body((k,)).get_content() for k in ("plain", "html"))
    check(f"{name}: the text names the matter", "prof_1" in text and "act_1" in text, text[:600])
    check(f"{name}: outside text is no header", mail["bcc"] is None and "evil" not in json.dumps([v for k, v in mail.items() if k.lower() not in ("subject",)]), list(mail.items()))
    check(f"{name}: outside text is no markup", "<script" not in html and "&lt;script" in html, html[:600])
    check(f"{name}: ASCII on the wire, no line over 998", raw.isascii() and max(map(len, raw.splitlines())) <= 998)


class Scripted:
    """Speaks SMTP; `script` says what happens to the next mails: a reply to RCPT, `drop` after DATA, or nothing special."""

    def __init__(self, script, rest=None, unknown=()):
        self.script, self.rest, self.mails, self.tries = list(script), rest, [], []
        self.unknown = [f"<{a}>".encode() for a in unknown]
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                outer.talk(self)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"smtp+plain://127.0.0.1:{self.server.server_address[1]}"

    def talk(self, h):
        say = lambda line: h.wfile.write(line.encode() + b"\r\n")
        act = self.script.pop(0) if self.script else self.rest
        say("220 scripted")
        for line in h.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT":
                self.tries.append(time.monotonic())
            if verb == b"RCPT" and any(a in line for a in self.unknown):
                say("550 5.1.1 no such mailbox")
            elif verb == b"RCPT" and act and act != "drop":
                say(act)
            elif verb == b"DATA":
                say("354 go on")
                lines = []
                while (line := h.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line)
                self.mails.append(parse(b"".join(lines)))
                if act == "drop":
                    return
                say("250 taken")
            elif verb == b"QUIT":
                return say("221 bye")
            else:
                say("250 ok")


def scripted(check, o):
    servers = {"4xx": Scripted(["451 4.7.1 greylisted, try again"]), "dropped": Scripted(["drop"]), "5xx": Scripted([], "550 5.1.1 no such mailbox")}
    daemons = {}
    for name, server in servers.items():
        channels = section(server.url, password=False) + "\n[owners.operators]\nconsole = true"
        daemons[name] = Daemon(o.binary, config(channels, 'email = "platform@example.com"')).start()
        check.equal(f"{name}: a routed event", daemons[name].openai(new_id()), 200)
    # 5xx: final at once.
    d, server = daemons["5xx"], servers["5xx"]
    check("5xx: the operators are told on their own channel", until(lambda: "was not reached" in d.out(), 30), d.out() + d.log()[-800:])
    code, status = d.json("status")
    letters = status.get("dead_letters", [])
    check("5xx: one dead letter in forewarn status, with the server's words", len(letters) == 1 and "550" in json.dumps(letters), (code, letters))
    check.equal("5xx: it was tried once", len(server.tries), 1)
    check.equal("5xx: the ledger adds up", d.json("audit")[0], 0)
    # The other two: once more after 30 s.
    for name, want in (("4xx", 1), ("dropped", 2)):
        d, server = daemons[name], servers[name]
        check(f"{name}: tried again", until(lambda: len(server.tries) >= 2, 60), (len(server.tries), d.log()[-800:]))
        check(f"{name}: taken then", until(lambda: len(server.mails) >= want, 10), len(server.mails))
        waited = server.tries[1] - server.tries[0] if len(server.tries) > 1 else 0
        check(f"{name}: after {waited:.0f} s", 29 <= waited <= 50)
        ids = {m["message-id"] for m in server.mails}
        check(f"{name}: the same Message-ID", len(ids) == 1 and None not in ids, ids)
        check(f"{name}: settled as delivered", d.settles(), d.json("audit"))
        check.equal(f"{name}: no dead letter", d.json("status")[1]["dead_letters"], [])
        time.sleep(1)
        check.equal(f"{name}: not sent a third time", len(server.tries), 2)
    for d in daemons.values():
        check.equal("SIGTERM", d.stop(), 0)
        d.remove()


def recipients(check, o):
    """Three owners of one event, one of whom has no mailbox: the other two get theirs."""
    server = Scripted([], unknown=["gone@example.com"])
    owners = "".join(f'[owners.{n}]\nemail = "{n}@example.com"\n[services.of-{n}]\nowner = "{n}"\nuses = ["openai"]\n' for n in ("one", "gone", "two"))
    d = Daemon(o.binary, config(section(server.url, password=False) + "\n[owners.operators]\nconsole = true\n" + owners)).start()
    check.equal("recipients: a routed event", d.openai(new_id()), 200)
    check("recipients: two get it", until(lambda: len(server.mails) == 2, 30), (len(server.mails), d.log()[-800:]))
    check.equal("recipients: each alone", sorted(m["to"].addresses[0].addr_spec for m in server.mails), ["one@example.com", "two@example.com"])
    check("recipients: the third is one dead letter", until(lambda: [x["contact"] for x in d.json("status")[1]["dead_letters"]] == ["gone/email"], 10), d.json("status"))
    check("recipients: the operators are told", until(lambda: "gone/email was not reached" in d.out(), 20), d.out()[-800:])
    check("recipients: settled", d.settles(), d.json("audit"))
    check.equal("SIGTERM", d.stop(), 0)
    d.remove()


if __name__ == "__main__":
    run(__doc__, {"real": real, "scripted": scripted, "recipients": recipients})
