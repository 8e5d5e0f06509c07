#!/usr/bin/env python3
"""Every channel against a strict fake written from its documents, Alertmanager and IMAP for real.

1. `each`: a test message and a real one on Slack, Teams, Discord, PagerDuty, ntfy, GitHub, Jira, Linear and the Alertmanager of
   Debian; all of them limit us first. 50 link scanners change nothing; an answer by link and one by Slack's button are followed
   everywhere.
2. `errors`: each refuses for good, as documented: one try, a dead letter, a word to the operators.
3. `imap`: what was mailed through Exim is read back through Dovecot (package dovecot-imapd)."""

import hashlib
import hmac
import html
import imaplib
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

import fakes
import mail
from common import Daemon, config, free_port, new_id, post, run, standard, SECRETS, until
from mail import Exim, section

SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
CONTACTS = ["slack", "pagerduty", "teams", "discord", "ntfy", "github", "jira", "linear", "alertmanager"]
LATE = 20


class Alertmanager:
    """The one of Debian's package prometheus-alertmanager."""

    def __init__(self):
        self.dir, self.port = Path(tempfile.mkdtemp(prefix="forewarn-am-")), free_port()
        (self.dir / "am.yml").write_text("route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n")
        binary = shutil.which("prometheus-alertmanager") or "/usr/bin/prometheus-alertmanager"
        args = [binary, f"--config.file={self.dir}/am.yml", f"--storage.path={self.dir}/data", f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]
        self.process = subprocess.Popen(args, stdout=open(self.dir / "out", "wb"), stderr=subprocess.STDOUT)
        if not until(self.ready, 15):
            raise RuntimeError((self.dir / "out").read_text()[-2000:])

    def ready(self):
        try:
            return post(self.port, "/-/ready", None, method="GET")[0] == 200
        except OSError:
            return False

    def alerts(self, name="Forewarn"):
        status, _, body = post(self.port, "/api/v2/alerts?active=true", None, method="GET")
        assert status == 200, body
        return [a for a in json.loads(body) if a["labels"]["alertname"] == name]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.dir, ignore_errors=True)


def profile(d, kind):
    """An account matter of Anthropic that opens and ends."""
    id = new_id()
    event = {"type": "event", "id": id, "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "data": {"type": f"user_profile.{kind}", "id": "prof_1", "enforcement_action_id": "act_1", "organization_id": "org_1"}}
    body = json.dumps(event).encode()
    return d.hook("anthropic", body, standard(SECRETS["ANTHROPIC_WHSEC"], id, body))[0]


def alert(d):
    return d.json("alerts")[1]["items"][0]


def pressed(d, payload, secret=SIGNING, age=0):
    body = urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
    ts = str(int(time.time()) - age)
    sign = "v0=" + hmac.new(secret.encode(), f"v0:{ts}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/x-www-form-urlencoded", "x-slack-request-timestamp": ts, "x-slack-signature": sign}
    status, _, answer = post(d.intake, "/slack/actions", body, headers)
    return status, json.loads(answer) if answer else {}


def world(o):
    kinds = [fakes.Slack, fakes.PagerDuty, fakes.Teams, fakes.Discord, fakes.Ntfy, fakes.GitHub, fakes.Jira, fakes.Linear]
    f = {k.name.lower(): k() for k in kinds}
    am = Alertmanager()
    channels = f"""
[slack]
bot_token = "env:SLACK_BOT_TOKEN"
signing_secret = "env:SLACK_SIGNING"
api_url = "{f['slack'].url}/api"
[pagerduty]
url = "{f['pagerduty'].url}"
[pagerduty.keys]
one = "env:PD_KEY"
[teams.webhooks]
one = "env:TEAMS_HOOK"
[discord.webhooks]
one = "env:DISCORD_HOOK"
[ntfy]
url = "{f['ntfy'].url}"
token = "env:FAKE_SECRET"
[github]
token = "env:FAKE_SECRET"
api_url = "{f['github'].url}"
[jira]
url = "{f['jira'].url}"
email = "forewarn@example.com"
token = "env:FAKE_SECRET"
[linear]
api_key = "env:FAKE_SECRET"
api_url = "{f['linear'].url}/graphql"
[alertmanager.main]
url = "http://127.0.0.1:{am.port}"
"""
    contacts = 'slack = "#ml"\npagerduty = "one"\nteams = "one"\ndiscord = "one"\nntfy = "search-4f9a"\ngithub = "acme/search"\njira = "SEARCH"\nlinear = "ENG"\nalertmanager = "main"'
    env = {
        "SLACK_SIGNING": SIGNING, "PD_KEY": fakes.PD_KEY, "FAKE_SECRET": fakes.SECRET,
        "TEAMS_HOOK": f["teams"].url + "/workflows/x?sig=y", "DISCORD_HOOK": f["discord"].url + "/api/webhooks/1/token",
    }  # fmt: skip
    settings = 'public_url = "https://forewarn.example.com"\nlow_water_mb = 0\n'
    channels += "[owners.operators]\nconsole = true\n"
    return f, am, Daemon(o.binary, config(channels, contacts, settings), env=env).start()


def each(check, o):
    f, am, d = world(o)
    try:
        for c in CONTACTS:
            code, out, err = d.cli("send-test", f"platform/{c}")
            check(f"send-test {c}", code == 0, (out, err))
        check("the test tickets are closed again", not any(f[t].open() for t in ("github", "jira", "linear")))
        check.equal("Alertmanager shows the test", len(am.alerts("ForewarnTest")), 1)
        tickets = {t: len(f[t].issues) for t in ("github", "jira", "linear")}
        for fake in f.values():
            fake.taken.clear()
            fake.script.append(429)
        check.equal("the webhook is taken", profile(d, "enforcement_action_opened"), 200)
        check("all is delivered in spite of the limits", d.settles(60), (d.json("audit"), d.log()[-1500:]))
        sent = {name: len(f[name].taken) for name in ("pagerduty", "teams", "discord", "ntfy", "slack")}
        check.equal("each once", sent, dict.fromkeys(sent, 1))
        for t in tickets:
            check.equal(f"one ticket more: {t}", (len(f[t].issues) - tickets[t], len(f[t].open())), (1, 1))
        shown = am.alerts()
        check("Alertmanager shows our alert", len(shown) == 1 and shown[0]["status"]["state"] == "active" and shown[0]["labels"]["owner"] == "platform", shown)

        click = f["ntfy"].taken[0]["click"]
        check("the link is of the public address", click.startswith("https://forewarn.example.com/ack/"), click)
        path = urllib.parse.urlparse(click).path
        before = d.json("audit")[1]
        scans = [post(d.intake, path, None, {"user-agent": f"Scanner/{n}"}, method=("GET", "HEAD")[n % 2])[0] for n in range(50)]
        check.equal("50 link scanners see the page", set(scans), {200})
        check("and change nothing", alert(d)["state"] == "open" and d.json("audit")[1] == before, alert(d))
        check.equal("a changed link is no link", post(d.intake, path[:-1] + ("0" if path[-1] != "0" else "1"), None, method="GET")[0], 404)

        action = f["ntfy"].taken[0]["actions"][0]
        headers = {k.lower(): v for k, v in action["headers"].items()}
        status, _, page = post(d.intake, path, action["body"].encode(), headers)
        check("one tap answers", status == 200 and alert(d)["state"] == "acknowledged", page[:500])
        followed = lambda: f["pagerduty"].taken[-1]["event_action"] == "acknowledge" and f["discord"].taken[-1]["method"] == "PATCH" and "chat.update" in [c for c, _ in f["slack"].taken]
        check("everything follows", until(followed, LATE) and d.settles(LATE), (f["slack"].taken[-2:], d.log()[-1500:]))
        thread = [e for c, e in f["slack"].taken if c == "chat.postMessage" and e.get("thread_ts")]
        check("Slack's thread says who acted", len(thread) == 1 and "platform/ntfy" in thread[0]["text"], thread)
        check("so do the tickets", all(f[t].comments for t in ("github", "jira", "linear")))

        button = next(e for c, e in f["slack"].taken if c == "chat.postMessage")["blocks"][-2]["elements"]
        done = next(b for b in button if b["text"]["text"] == "Done")
        payload = {"type": "block_actions", "trigger_id": "1.2.x", "user": {"id": "U1", "name": "mei"}, "actions": [done]}
        for name, wrong in [("another secret", {"secret": "x"}), ("ten minutes old", {"age": 600}), ("of the future", {"age": -600})]:
            check.equal(f"a press signed with {name}", pressed(d, payload, **wrong)[0], 401)
        check.equal("a press is answered", pressed(d, payload), (200, {}))
        view = [e for c, e in f["slack"].taken if c == "views.open"]
        check("its form opens", len(view) == 1 and view[0]["trigger_id"] == "1.2.x", view)
        values = {"reason": {"reason": {"selected_option": {"value": "migrated"}}}}
        form = {"type": "view_submission", "user": {"id": "U1", "name": "mei"}, "view": {**view[0]["view"], "state": {"values": values}}}
        status, _ = pressed(d, form)
        check("the form resolves", status == 200 and alert(d)["state"] == "resolved", alert(d))
        gone = lambda: not am.alerts() and f["pagerduty"].taken[-1]["event_action"] == "resolve" and not any(f[t].open() for t in tickets)
        check("incident, tickets and Alertmanager end with it", until(gone, LATE), (am.alerts(), f["pagerduty"].taken[-1], d.log()[-1500:]))
        check("a form sent twice says that it is over", "errors" in json.dumps(pressed(d, form)[1]))
        check("no fake had to refuse anything", not any(x.broken for x in f.values()), [x.broken[:2] for x in f.values() if x.broken])
        check("no secret in the log", not any(s in d.log() for s in (fakes.SECRET, fakes.PD_KEY, SIGNING, path)))
        check.equal("SIGTERM", d.stop(), 0)
    finally:
        am.stop()
        d.remove()


# What each says when the place is gone or the message is not to be had, as documented.
GONE = {
    "slack": (200, {"ok": False, "error": "is_archived"}),
    "pagerduty": (400, {"status": "invalid event", "message": "Event object is invalid", "errors": ["'routing_key' is invalid"]}),
    "teams": (404, {"error": {"code": "WorkflowNotFound", "message": "The workflow 'x' could not be found."}}),
    "discord": (404, {"message": "Unknown Webhook", "code": 10015}),
    "ntfy": (413, {"code": 41301, "http": 413, "error": "attachment too large"}),
    "github": (410, {"message": "Issues has been disabled in this repository."}),
    "jira": (400, {"errorMessages": [], "errors": {"project": "valid project is required"}}),
    "linear": (400, {"errors": [{"message": "Argument Validation Error", "extensions": {"code": "INVALID_INPUT"}}]}),
}


def errors(check, o):
    """Every one of them refuses for good: one try, a dead letter, a word to the operators; who works is told all the same."""
    f, am, d = world(o)
    try:
        for name, answer in GONE.items():
            f[name].script.append(answer)
        check.equal("the webhook is taken", profile(d, "enforcement_action_opened"), 200)
        dead = lambda: {x["contact"]: x for x in d.json("status")[1]["dead_letters"]}
        want = {f"platform/{name}" for name in GONE}
        check("each is a dead letter at once", until(lambda: set(dead()) >= want, LATE), (sorted(want - set(dead())), d.log()[-1500:]))
        check.equal("after one try", {x["attempts"] for x in dead().values()}, {1})
        check("the operators hear of each", until(lambda: all(f"{c} was not reached" in d.out() for c in want), LATE), d.out()[-1500:])
        check.equal("Alertmanager was told", len(am.alerts()), 1)
        check("all is settled", d.settles(LATE), d.json("audit"))
        check.equal("and nobody was told twice", {n: len(x.taken) for n, x in f.items() if x.taken}, {})
        check.equal("SIGTERM", d.stop(), 0)
    finally:
        am.stop()
        d.remove()


DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {dir}/dovecot
state_dir = {dir}/dovecot
log_path = {dir}/dovecot.log
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
mail_location = maildir:{dir}/Maildir
mbox_write_locks = fcntl
passdb {{
  driver = static
  args = password=proof
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


def imap(check, o):
    if os.getuid() != 0:
        print("SKIPPED: Dovecot is started by root")
        return
    exim, port, user = Exim(), free_port(), pwd.getpwnam("nobody")
    (exim.dir / "dovecot.conf").write_text(DOVECOT.format(dir=exim.dir, uid=user.pw_uid, gid=user.pw_gid, port=port))
    dovecot = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(exim.dir / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings = 'public_url = "https://forewarn.example.com"\nlow_water_mb = 0\n'
    channels = section(f"smtps://forewarn@localhost:{exim.tls}", exim.dir / "ca.pem")
    d = Daemon(o.binary, config(channels, 'email = "search@example.com"', settings)).start()
    try:
        profile(d, "enforcement_action_opened")
        check("the mail is sent", until(exim.mails, 30), d.log()[-1500:])

        def box():
            try:
                c = imaplib.IMAP4("127.0.0.1", port, timeout=5)
                c.login("search@example.com", "proof")
                return c if c.select("INBOX")[1] != [b"0"] else None
            except (OSError, imaplib.IMAP4.error):
                return None

        c = until(box, LATE, 0.3)
        if check("the mailbox opens by IMAP", c, (exim.dir / "dovecot.log").read_text()[-1000:] if (exim.dir / "dovecot.log").exists() else ""):
            kinds, found = c.search(None, "SUBJECT", '"[forewarn #1]"')
            check("one mail with our subject", kinds == "OK" and found[0].split() == [b"1"], found)
            parts = mail.email.message_from_bytes(c.fetch("1", "(RFC822)")[1][0][1], policy=mail.email.policy.default)
            text = parts.get_body(("plain",)).get_content()
            check("its first line alone suffices", "Anthropic" in text.splitlines()[0] or "anthropic" in text.splitlines()[0], text[:300])
            check("it ends with the link to answer", "/ack/" in text and "Take it, plan, reassign, dispute" in text, text)
            check("the HTML part links there too", "/ack/" in html.unescape(parts.get_body(("html",)).get_content()))
            c.logout()
        check.equal("SIGTERM", d.stop(), 0)
    finally:
        dovecot.terminate()
        dovecot.wait(10)
        exim.stop()
        d.remove()


if __name__ == "__main__":
    run(__doc__, {"each": each, "errors": errors, "imap": imap})
