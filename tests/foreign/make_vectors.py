"""Signs messages with the vendors' own libraries and writes fixtures/foreign/{openai,anthropic,stripe}.json.

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

import anthropic
import openai
import standardwebhooks
import stripe

OUT = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "foreign"
NOW = 1795420800  # 2026-11-23T08:00:00Z
# Invented for these files; they open nothing.
WHSEC = "whsec_" + base64.b64encode(bytes(range(7, 39))).decode()
WHSEC_LONG = "whsec_" + base64.b64encode(bytes((i * 37 + 11) % 256 for i in range(64))).decode()
STRIPE_SECRET = "whsec_" + "5dEm0" * 6 + "AZ"
SIGNER = f"PyPI standardwebhooks {version('standardwebhooks')}"


def vector(provider, note, headers, body, secret, signer, now=NOW, expect="ok"):
    return {
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


for name, vectors in [("openai", openai_vectors()), ("anthropic", anthropic_vectors()), ("stripe", stripe_vectors())]:
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(vectors, indent=2, ensure_ascii=False) + "\n")
    print(name, len(vectors))
