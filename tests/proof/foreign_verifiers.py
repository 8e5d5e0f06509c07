#!/usr/bin/env python3
"""What `forewarn simulate` signs, judged by the vendors' own verifiers: PyPI openai, anthropic, elevenlabs, stripe, slack_sdk,
twilio, replicate, and npm replicate, @paddle/paddle-node-sdk, square, @linear/sdk, discord-interactions. Each must take the
sample and refuse it with another body or another secret; and our own hook must take it too.
"""

import base64
import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qsl

import anthropic
import openai
import replicate.webhook
import stripe
from elevenlabs.webhooks_custom import WebhooksClient
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator

from common import PROJECT, Daemon, post, run

PUBLIC = "https://forewarn.example.com"


def whsec(text):
    return "whsec_" + base64.b64encode(text.encode().ljust(32, b"!")).decode()


# Invented; the private key is the seed of Discord's sample, its public half is made by `simulate`.
SECRETS = {
    "openai": whsec("openai"), "anthropic": whsec("anthropic"), "replicate": whsec("replicate"),
    "stripe": "whsec_stripe-takes-its-secret-as-text", "elevenlabs": "wsec_elevenlabs-proof-secret", "slack": "slack-signing-secret-of-a-proof",
    "twilio": "twilio-auth-token-of-a-proof-000", "paddle": "pdl_ntfset_proof_0123456789abcdef", "square": "square-signature-key-of-a-proof",
    "linear": "lin_wh_proof0123456789abcdef",
}
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
TYPES = {
    "openai": "safety.alert.created", "anthropic": "external_key.failed", "replicate": "succeeded", "stripe": "invoice.payment_failed",
    "elevenlabs": "voice_removal_notice", "slack": "app_uninstalled", "twilio": "usage_trigger", "paddle": "transaction.payment_failed",
    "square": "oauth.authorization.revoked", "linear": "Issue.create", "discord": "APPLICATION_DEAUTHORIZED",
}


def by_openai(m):
    openai.OpenAI(api_key="none").webhooks.verify_signature(m["body"], m["headers"], secret=m["secret"])


def by_anthropic(m):
    anthropic.Anthropic(api_key="none").beta.webhooks.unwrap(m["body"], headers=m["headers"], key=m["secret"])


def by_stripe(m):
    stripe.WebhookSignature.verify_header(m["body"], m["headers"]["stripe-signature"], m["secret"], 300)


def by_elevenlabs(m):
    WebhooksClient(client_wrapper=None).construct_event(m["body"], m["headers"]["elevenlabs-signature"], m["secret"])


def by_slack(m):
    assert SignatureVerifier(m["secret"]).is_valid_request(m["body"], m["headers"])


def by_replicate(m):
    secret = replicate.webhook.WebhookSigningSecret(key=m["secret"])
    replicate.webhook.Webhooks.validate(headers=m["headers"], body=m["body"], secret=secret)


def by_twilio(algorithm):
    def judge(m):
        form = not m["body"].startswith("{")
        params = dict(parse_qsl(m["body"], keep_blank_values=True)) if form else m["body"]
        assert RequestValidator(m["secret"]).validate(m["url"], params, m["headers"]["x-twilio-signature"], algorithm)
    return judge


class Node:
    """The npm verifiers, one process for all."""

    def __init__(self):
        folder = Path(os.environ.get("VERIFIERS", PROJECT / "target" / "proof" / "verifiers"))
        script = PROJECT / "tests" / "proof" / "verifiers" / "verify.mjs"
        self.process = subprocess.Popen(["node", script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def by(self, sender):
        def judge(m):
            self.process.stdin.write(json.dumps({"sender": sender, **m}) + "\n")
            self.process.stdin.flush()
            assert json.loads(self.process.stdout.readline())
        return judge


def takes(judge, m):
    try:
        judge(m)
        return True
    except Exception:
        return False


def config(o, public_key):
    folder = f"providers_dir = {json.dumps(o.providers_dir)}\n" if o.providers_dir else ""
    text = f'catch_all = "platform"\nwatch = []\npublic_url = "{PUBLIC}"\n{folder}[owners.platform]\nconsole = true\n'
    for name in [*SECRETS, "discord"]:
        text += f'[connections."{name}/main"]\nwebhook_secret = "env:{name.upper()}_PROOF"\n'
    return text, {f"{k.upper()}_PROOF": v for k, v in {**SECRETS, "discord": public_key}.items()}


def all_of_it(check, o):
    node = Node()
    # The public half of the seed, by a library of others.
    public = subprocess.run(
        ["node", "-e", "const c=require('crypto');const k=c.createPrivateKey({key:Buffer.concat([Buffer.from('302e020100300506032b657004220420','hex'),"
         f"Buffer.from('{SEED}','hex')]),format:'der',type:'pkcs8'}});"
         "console.log(c.createPublicKey(k).export({format:'der',type:'spki'}).subarray(-32).toString('hex'))"],
        check=True, capture_output=True, text=True).stdout.strip()
    text, env = config(o, public)
    d = Daemon(o.binary, text, env=env)
    key = d.dir / "private"
    key.write_text(SEED + "\n")
    key.chmod(0o600)
    rows = [(f"PyPI {name} {version(name.replace('_', '-'))}", sender, [], judge) for name, sender, judge in [
        ("openai", "openai", by_openai), ("anthropic", "anthropic", by_anthropic), ("stripe", "stripe", by_stripe),
        ("elevenlabs", "elevenlabs", by_elevenlabs), ("slack_sdk", "slack", by_slack), ("replicate", "replicate", by_replicate)]]
    ways = {"a form by SHA-1", "JSON by SHA-1", "a form by SHA-256", "JSON by SHA-256"}
    for n, way in enumerate(twilio_ways(o)):
        rows.append((f"PyPI twilio {version('twilio')}, {way}", "twilio", ["--way", str(n + 1)], by_twilio("HMAC_SHA1" if "SHA-1" in way else "HMAC_SHA256")))
    check.equal("Twilio proves itself in four ways", {r[0].split(", ")[1] for r in rows if r[1] == "twilio"}, ways)
    rows += [(f"npm, {sender}'s own", sender, ["--key", f"file:{key}"] if sender == "discord" else [], node.by(sender))
             for sender in ("replicate", "paddle", "square", "linear", "discord")]
    try:
        d.start()
        for name, sender, args, judge in rows:
            code, out, err = d.cli("simulate", sender, TYPES[sender], *args)
            if not check(f"{name}: simulate makes a sample", code == 0, err):
                continue
            sample = json.loads(out)
            headers = dict(sample["headers"])
            secret = public if sender == "discord" else SECRETS[sender]
            check.equal(f"{name}: the secret is the connection's", sample["sample_secret"], public if sender == "discord" else None)
            m = {"url": sample["url"], "headers": headers, "body": sample["body"], "secret": secret}
            check(f"{name}: takes what simulate signs", takes(judge, m), sample)
            other = sample["body"].replace("sample", "semple", 1) if "sample" in sample["body"] else sample["body"] + " "
            check(f"{name}: refuses another body", not takes(judge, {**m, "body": other}))
            wrong = whsec("other") if secret.startswith("whsec_") else secret[:-1] + ("0" if secret[-1] != "0" else "1")
            check(f"{name}: refuses another secret", not takes(judge, {**m, "secret": wrong}))
            path = sample["path"]
            sent = lambda body: post(d.intake, path, body.encode(), headers, method=sample["method"])[0]
            check(f"{name}: our hook takes it", 200 <= sent(sample["body"]) < 300, sample)
            check.equal(f"{name}: our hook refuses another body", sent(other), 401)
        for sender, args in (("slack", []), ("discord", ["--key", f"file:{key}"])):
            code, out, err = d.cli("simulate", sender, "handshake", *args, "--send", f"http://127.0.0.1:{d.intake}")
            check(f"{sender}: its handshake is answered", code == 0 and "handshake" in out, (out, err))
        check("nothing was logged as an error", "ERROR" not in d.log(), d.log()[-800:])
        check.equal("SIGTERM", d.stop(), 0)
    finally:
        d.remove()
        node.process.stdin.close()
        node.process.wait(20)


def twilio_ways(o):
    """The ways of the provider file, in words, in its order."""
    folder = Path(o.providers_dir) if o.providers_dir else PROJECT / "providers"
    text = (folder / "twilio.toml").read_text().split("[sources.webhook.event]")[0]
    for table in text.split("[[sources.webhook.verify]]")[1:]:
        yield f"{'JSON' if 'body_hash' in table else 'a form'} by {'SHA-1' if 'sha1' in table.split('message')[0] else 'SHA-256'}"


if __name__ == "__main__":
    run(__doc__, {"all": all_of_it}, providers_dir="")
