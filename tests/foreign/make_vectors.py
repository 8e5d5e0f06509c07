"""Signs messages with the vendors' own libraries and writes fixtures/foreign/*.json (all but those of make_vectors.mjs).

    python3 -m venv /some/venv && /some/venv/bin/pip install -r tests/foreign/requirements.txt
    /some/venv/bin/python tests/foreign/make_vectors.py

Deterministic: the same versions write the same bytes. What the vendor's verifier can check, it checks here, with the
clock held at the vector's `now`. `cargo test` reads only the files.
"""

import base64
import json
import pathlib
from datetime import datetime, timezone
from importlib.metadata import version
from unittest import mock
from urllib.parse import urlencode

import anthropic
import openai
import standardwebhooks
import stripe
import svix
import svix.webhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from multidict import MultiDict
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "foreign"
NOW = 1795420800  # 2026-11-23T08:00:00Z
# Invented for these files; they open nothing.
WHSEC = "whsec_" + base64.b64encode(bytes(range(7, 39))).decode()
WHSEC_LONG = "whsec_" + base64.b64encode(bytes((i * 37 + 11) % 256 for i in range(64))).decode()
STRIPE_SECRET = "whsec_" + "5dEm0" * 6 + "AZ"
SIGNER = f"PyPI standardwebhooks {version('standardwebhooks')}"


def vector(provider, note, headers, body, secret, signer, now=NOW, expect="ok", url=None):
    return {
        **({"url": url} if url else {}),
        "provider": provider,
        "note": note,
        "headers": [[k, v] for k, v in headers.items()],
        "body_base64": base64.b64encode(body.encode()).decode(),
        "secret": secret,
        "now": now,
        "expect": expect,
        "signer": signer,
    }


def standard(secret, msg_id, body, at=NOW):
    signature = standardwebhooks.Webhook(secret).sign(msg_id, timestamp=datetime.fromtimestamp(at, timezone.utc), data=body)
    return {"webhook-id": msg_id, "webhook-timestamp": str(at), "webhook-signature": signature}


def check_openai(v):
    body = base64.b64decode(v["body_base64"]).decode()
    with mock.patch("time.time", mock.MagicMock(return_value=v["now"])):
        openai.OpenAI(api_key="none").webhooks.verify_signature(body, dict(v["headers"]), secret=v["secret"])


def openai_vectors():
    thin = json.dumps({"id": "evt_demo_1", "object": "event", "created_at": NOW, "type": "safety.alert.created", "data": {"id": "sa_demo_1"}})
    umlauts = json.dumps({"type": "safety.warning_issued", "id": "evt_demo_2", "data": {"id": "grüße-日本-🛎"}}, ensure_ascii=False)
    crlf = '{\r\n  "type": "batch.failed",\r\n  "id": "evt_demo_3"\r\n}\r\n'
    raw = "demo secret without prefix".replace(" ", "-")
    out = [
        vector("openai", "a thin event", standard(WHSEC, "wh_demo_1", thin), thin, WHSEC, SIGNER),
        vector("openai", "text beyond ASCII", standard(WHSEC, "wh_demo_2", umlauts), umlauts, WHSEC, SIGNER),
        vector("openai", "line ends are signed as they are", standard(WHSEC, "wh_demo_3", crlf), crlf, WHSEC, SIGNER),
        vector("openai", "a key of 64 bytes", standard(WHSEC_LONG, "wh_demo_4", thin), thin, WHSEC_LONG, SIGNER),
        vector("openai", "a secret without whsec_ is its own bytes",
               standard(base64.b64encode(raw.encode()).decode(), "wh_demo_5", thin), thin, raw, SIGNER),
        # A published test vector, facts only.
        vector("openai", "published: github.com/openai/openai-python tests/lib/test_webhooks.py",
               {"webhook-id": "wh_685c059ae39c8190af8c71ed1022a24d", "webhook-timestamp": "1750861210",
                "webhook-signature": "v1,gUAg4R2hWouRZqRQG4uJypNS8YK885G838+EHb4nKBY="},
               '{"id": "evt_685c059ae3a481909bdc86819b066fb6", "object": "event", "created_at": 1750861210, '
               '"type": "response.completed", "data": {"id": "resp_123"}}',
               "whsec_RdvaYFYUXuIFuEbvZHwMfYFhUf7aMYjYcmM24+Aj40c=", "openai/openai-python", now=1750861210),
    ]
    for v in out:
        check_openai(v)
    old = standard(WHSEC, "wh_demo_6", thin, at=NOW - 3600)
    out.append(vector("openai", "an hour old", old, thin, WHSEC, SIGNER, expect="too_old"))
    new = standard(WHSEC, "wh_demo_7", thin, at=NOW + 3600)
    out.append(vector("openai", "an hour ahead", new, thin, WHSEC, SIGNER, expect="too_new"))
    other = standard(WHSEC_LONG, "wh_demo_8", thin)
    out.append(vector("openai", "signed with another secret", other, thin, WHSEC, SIGNER, expect="mismatch"))
    return out


def anthropic_vectors():
    event = json.dumps({"type": "event", "id": "wevt_demo_1", "created_at": "2026-11-23T08:00:00Z",
                        "data": {"type": "external_key.failed", "id": "ekey_demo_1", "organization_id": "org_demo"}})
    bare = WHSEC_LONG.removeprefix("whsec_")
    out = [
        vector("anthropic", "a thin event", standard(WHSEC, "wevt_demo_1", event), event, WHSEC, SIGNER),
        vector("anthropic", "a secret without whsec_ is base64 all the same", standard(bare, "wevt_demo_2", event), event, bare, SIGNER),
    ]
    for v in out:
        held = mock.MagicMock(wraps=datetime)
        held.now.return_value = datetime.fromtimestamp(v["now"], timezone.utc)
        with mock.patch.object(standardwebhooks.webhooks, "datetime", held):
            client = anthropic.Anthropic(api_key="none")
            client.beta.webhooks.unwrap(base64.b64decode(v["body_base64"]).decode(), headers=dict(v["headers"]), key=v["secret"])
    return out


def stripe_vectors():
    signer = f"PyPI stripe {version('stripe')}"
    event = json.dumps({"id": "evt_demo_1", "object": "event", "created": NOW, "type": "invoice.payment_failed",
                        "data": {"object": {"id": "in_demo_1", "object": "invoice"}}}, indent=2)
    umlauts = json.dumps({"id": "evt_demo_2", "type": "payout.failed", "note": "Zürich – 日本"}, ensure_ascii=False)
    out = []
    for note, body, at, expect in [
        ("a snapshot event", event, NOW, "ok"),
        ("text beyond ASCII", umlauts, NOW, "ok"),
        ("an hour old", event, NOW - 3600, "too_old"),
        ("an hour ahead, which the library itself takes", event, NOW + 3600, "too_new"),
    ]:
        header = stripe.WebhookSignature.generate_signature_header(body, STRIPE_SECRET, timestamp=at)
        out.append(vector("stripe", note, {"stripe-signature": header}, body, STRIPE_SECRET, signer, expect=expect))
        if expect == "ok":
            with mock.patch("time.time", mock.MagicMock(return_value=NOW)):
                stripe.WebhookSignature.verify_header(body, header, STRIPE_SECRET, 300)
    return out


BODIES = [
    ("plain text", json.dumps({"id": "evt_demo_1", "type": "incident.opened", "data": {"id": "db-1"}})),
    ("text beyond ASCII", json.dumps({"type": "incident.opened", "data": {"title": "Grüße – 日本 🛎"}}, ensure_ascii=False)),
    ("line ends are signed as they are", '{\r\n  "type": "incident.opened"\r\n}\r\n'),
]


def generic_standard_vectors():
    out = [vector("generic-standard-webhooks", note, standard(WHSEC, f"msg_demo_{n}", body), body, WHSEC, SIGNER)
           for n, (note, body) in enumerate(BODIES)]
    # Published test vectors, facts only.
    at, id, body = 1614265330, "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}'
    published = {"webhook-id": id, "webhook-timestamp": str(at)}
    v1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    v1a = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    seed = base64.b64decode("VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=")
    whpk = "whpk_" + base64.b64encode(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()).decode()
    where = "standard-webhooks/standard-webhooks"
    symmetric = "published: libraries/python/tests/test_webhooks.py"
    for note, secret, signatures, expect in [
        (symmetric, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", v1, "ok"),
        (symmetric + ", without the prefix", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", v1, "ok"),
        ("published: libraries/go/webhook_asymmetric_test.go", whpk, v1a, "ok"),
        ("both kinds of signature, the secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", f"{v1a} {v1}", "ok"),
        ("both kinds of signature, the public key", whpk, f"{v1} {v1a}", "ok"),
        ("a signature of the other kind only", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", v1a, "unreadable"),
        ("a keyed hash for a public key", whpk, v1, "unreadable"),
    ]:
        out.append(vector("generic-standard-webhooks", note, {**published, "webhook-signature": signatures}, body, secret, where, now=at, expect=expect))
    # The public key used as a shared secret: what somebody could try who knows it.
    forged = standard(whpk.removeprefix("whpk_"), "msg_demo_9", body)
    out.append(vector("generic-standard-webhooks", "a hash keyed with the public key", forged, body, whpk, SIGNER, expect="unreadable"))
    return out


def svix_vectors():
    signer = f"PyPI svix {version('svix')}"
    out = []
    for n, (note, body) in enumerate(BODIES):
        hook = svix.webhooks.Webhook(WHSEC)
        signature = hook.sign(f"msg_demo_{n}", datetime.fromtimestamp(NOW, timezone.utc), body)
        for prefix in ("svix", "webhook"):
            headers = {f"{prefix}-id": f"msg_demo_{n}", f"{prefix}-timestamp": str(NOW), f"{prefix}-signature": signature}
            out.append(vector("generic-svix", f"{note}, {prefix}-*", headers, body, WHSEC, signer))
    return out


def slack_vectors():
    signer = f"PyPI slack_sdk {version('slack_sdk')}"
    secret = "demo0slack0signing0secret0of0thirty"
    out = []
    for note, body in BODIES:
        signature = SignatureVerifier(secret).generate_signature(timestamp=str(NOW), body=body)
        out.append(vector("slack", note, {"x-slack-request-timestamp": str(NOW), "x-slack-signature": signature}, body, secret, signer))
    # Slack's documented request, facts only: https://docs.slack.dev/authentication/verifying-requests-from-slack/
    body = ("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
            "&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
            "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")
    headers = {"x-slack-request-timestamp": "1531420618",
               "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}
    out.append(vector("slack", "published: docs.slack.dev verifying-requests-from-slack", headers, body,
                      "8f742231b10e8888abcd99yyyzzz85a5", "docs.slack.dev", now=1531420618))
    return out


def twilio_vectors():
    signer = f"PyPI twilio {version('twilio')}"
    token = "demo0twilio0auth0token0of0length"
    validator = RequestValidator(token)
    url = "https://forewarn.example.com/hooks/twilio/main"
    form = {"AccountSid": "ACdemo", "Body": "Grüße & mehr = 日本", "Empty": "", "From": "+15550100", "To": "+15550101"}
    out = []
    for algorithm in ("HMAC_SHA1", "HMAC_SHA256"):
        body = urlencode(form)
        signature = validator.compute_signature(url, form, algorithm)
        out.append(vector("twilio", f"a form, {algorithm}", {"x-twilio-signature": signature}, body, token, signer, url=url))
        text = json.dumps({"Level": "ERROR", "note": "Grüße"}, ensure_ascii=False)
        signed = f"{url}?bodySHA256={validator.compute_hash(text)}"
        signature = validator.compute_signature(signed, {}, algorithm)
        out.append(vector("twilio", f"JSON, {algorithm}", {"x-twilio-signature": signature}, text, token, signer, url=signed))
        ported = "https://forewarn.example.com:443/hooks/twilio/main"
        signature = validator.compute_signature(ported, form, algorithm)
        out.append(vector("twilio", f"signed with the port, {algorithm}", {"x-twilio-signature": signature}, body, token, signer, url=url))
    # A field that comes twice, in any order: each distinct value counts once.
    many = MultiDict([("Digits", "5678"), ("Digits", "1234"), ("Digits", "5678"), ("Sid", "CAdemo")])
    body = "Digits=5678&Digits=1234&Digits=5678&Sid=CAdemo"
    out.append(vector("twilio", "a field twice", {"x-twilio-signature": validator.compute_signature(url, many)}, body, token, signer, url=url))
    # Published test vectors, facts only. Their token has five letters, which no receiver here may hold: what we sign is
    # compared with them instead.
    where = "twilio/twilio-python"
    uri = "https://mycompany.com/myapp.php?foo=1&bar=2"
    form = "CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"
    text = '{"property": "value", "boolean": true}'
    hashed = f"{uri}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    for note, url, body, signature in [
        ("a form", uri, form, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("a field twice", uri, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234", "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
        ("with a port", uri.replace(".com", ".com:443"), form, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("JSON", hashed, text, "a9nBmqA0ju/hNViExpshrM61xv4="),
    ]:
        out.append(vector("twilio", f"published: tests/unit/test_request_validator.py, {note}", {"x-twilio-signature": signature},
                          body, "12345", where, expect="short_secret", url=url))
    return out


def discord_vectors():
    signer = f"PyPI cryptography {version('cryptography')}"
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(3, 35)))
    public = key.public_key().public_bytes_raw().hex()
    out = []
    for note, body in BODIES:
        signature = key.sign(str(NOW).encode() + body.encode()).hex()
        headers = {"x-signature-timestamp": str(NOW), "x-signature-ed25519": signature}
        out.append(vector("discord", note, headers, body, public, signer))
    return out


for name, vectors in [("openai", openai_vectors()), ("anthropic", anthropic_vectors()), ("stripe", stripe_vectors()),
                      ("generic-standard-webhooks", generic_standard_vectors()), ("generic-svix", svix_vectors()),
                      ("slack", slack_vectors()), ("twilio", twilio_vectors()), ("discord", discord_vectors())]:
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n")
    print(name, len(vectors))
