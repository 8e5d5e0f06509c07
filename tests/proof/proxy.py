"""nginx and Caddy with the very text of docs/operating.md before a real forewarn: signed webhooks arrive byte for byte, odd addresses
stay as they came, calendars and links are passed on, and nothing of the private side."""

import json
import time
from functools import partial

from common import SECRETS, Daemon, config, free_port, openai_event, run, serve, standard, until
from fronts import Caddy, nginx


def before(front, check, o):
    public = 'public_url = "https://forewarn.example.com"\nlow_water_mb = 0\n'
    d = Daemon(o.binary, config(settings=public)).start()
    p = front(d.intake)
    if not check("it takes the text of the documentation", until(p.up, 20, 0.1), p.said()):
        return
    check.equal("nothing is at the root", p.ask("GET", "/")[0], 404)
    for size in [1, 70_000, 900_000]:
        event = json.loads(openai_event(f"evt_{size}"))
        body = json.dumps({**event, "pad": "ü\r\n " + "x" * size}, ensure_ascii=False).encode()
        got = p.ask("POST", "/hooks/openai", body, {**standard(SECRETS["OPENAI_WHSEC"], f"evt_{size}", body), "content-type": "application/json"})
        check.equal(f"a signed webhook of {len(body)} bytes", got[0], 200)
    late = p.ask("POST", "/hooks/openai", b"{}", {"webhook-id": "evt_bad"})
    check.equal("a wrong one is refused by forewarn", (late[0], late[2]), (401, b"unauthorized\n"))
    check("all were stored as they came", d.settles() and len(d.all("events")) >= 3)
    code, url, err = d.cli("calendar", "--feed", "owner=platform")
    path = url.strip().removeprefix("https://forewarn.example.com")
    check.equal(f"a feed {err}", (p.ask("GET", path)[0], code), (200, 0))
    for path in ["/", "/api/v1/status", "/metrics", "/readyz", "/calendar.ics", "/hooks", "/hooks/../api/v1/status", "/ack/../metrics", "//api/v1/status", "/hooks/%2e%2e/metrics"]:
        status, headers, body = p.ask("GET", path)
        check(f"{path} shows nothing", status in (400, 404, 405) and "location" not in {k.lower() for k in headers} and b"forewarn_" not in body and b"healthy" not in body, (status, headers, body[:200]))
    check.equal("no slash is added", p.ask("POST", "/hooks/nobody", b"{}")[0], 404)
    d.stop()
    check.equal("without forewarn the sender is told to come again", p.ask("POST", "/hooks/openai", b"{}")[0], 502)
    d.start()
    end = time.monotonic() + 20
    while time.monotonic() < end and p.ask("POST", "/hooks/openai", b"{}")[0] != 401:
        time.sleep(0.5)
    check.equal("and takes it when it is back", p.ask("POST", "/hooks/openai", b"{}")[0], 401)
    p.stop()
    d.remove()


def doctor(check, o):
    """What `doctor` says of public_url: the right port, the private one, one that redirects, nobody."""
    d = Daemon(o.binary, config(settings="low_water_mb = 0\n")).start()
    d.openai("evt_doctor")
    d.settles()
    moved = serve(lambda handler, body: (302, {"location": "https://elsewhere.example/"}, b""))
    text = d.config.read_text()
    for port, words in [
        (d.intake, ["ok   public_url http://127.0.0.1:{} reaches the intake"]),
        (d.private, ["FIX  public_url http://127.0.0.1:{}: somebody else answers /hooks/ (404)", "FIX  public_url http://127.0.0.1:{} shows the private side"]),
        (moved.server_address[1], ["FIX  public_url http://127.0.0.1:{} redirects"]),
        (free_port(), ["FIX  public_url http://127.0.0.1:{} does not answer: "]),
    ]:
        d.config.write_text(f'public_url = "http://127.0.0.1:{port}"\n{text}')
        code, out, err = d.cli("doctor")
        for w in words:
            check(w.format(port)[:60], w.format(port) in out and out.count("public_url") == len(words), out + err)
    check("contacts are looked at without a message", "contact platform/console: reached" in out, out)
    check.equal("something was found", code, 3)
    d.stop()
    d.remove()


if __name__ == "__main__":
    run(__doc__, {"nginx": partial(before, nginx), "caddy": partial(before, Caddy), "doctor": doctor})
