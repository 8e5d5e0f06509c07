#!/usr/bin/env python3
"""A strict fake Slack: limits, 429 with Retry-After, ok:false, HTML, dropped connections; --slow adds an answer that never
comes (the daemon waits 30 s). And a failing Slack delays nobody else: each has an outgoing webhook beside it."""

import json
import threading
import time
from datetime import datetime

from common import SECRETS, Daemon, FakeSlack, Sink, config, new_id, openai_event, post, run, same_message, standard, until


def new(binary, script):
    slack, sink = FakeSlack(), Sink()
    slack.script = list(script)
    channels = slack.channels + sink.channels + "[owners.operators]\nconsole = true"
    return slack, sink, Daemon(binary, config(channels, 'slack = "#platform"\nwebhook = "sink"')).start()


def case(check, binary, name, script, least, most, told=None):
    """One alert while Slack acts as the script says: delivered in the end, between `least` and `most` seconds after the
    first attempt; or given up and `told` to the operators."""
    slack, sink, d = new(binary, script)
    check.equal(f"{name}: a routed event", d.openai(new_id()), 200)
    check(f"{name}: the webhook beside it is not delayed", until(lambda: sink.received, 5), d.log()[-500:])
    if told is None:
        check(f"{name}: delivered in the end", until(lambda: slack.messages, most + 20), (slack.requests, slack.broken, d.log()[-500:]))
        waited = slack.requests[-1][0] - slack.requests[0][0]
        check(f"{name}: tried again after {waited:.1f} s", len(slack.requests) == len(script) + 1 and least <= waited <= most, len(slack.requests))
        check.equal(f"{name}: the same message", len({same_message(json.loads(m)) for _, m in slack.requests}), 1)
        check(f"{name}: settled", d.settles(), d.json("audit"))
        check.equal(f"{name}: no dead letter", d.json("status")[1]["dead_letters"], [])
    else:
        check(f"{name}: the operators are told", until(lambda: told in d.out(), 20), d.out())
        time.sleep(2)
        check.equal(f"{name}: not tried again at once", len(slack.requests), 1)
    check.equal(f"{name}: the ledger adds up", d.json("audit")[0], 0)
    check.equal(f"{name}: SIGTERM", d.stop(), 0)
    check(f"{name}: the token is in no log", SECRETS["SLACK_BOT_TOKEN"] not in d.log() + d.out())
    d.remove()


def limits(check, o):
    """Hostile and long text, a wave, and a conversation."""
    slack, sink, d = new(o.binary, [])

    def block(identifier, **data):
        id = new_id()
        event = {**json.loads(openai_event(id)), "type": "safety_identifier.blocked", "data": {"safety_identifier": identifier, "safety_category": "<!channel> <https://evil.example|click> &amp;", **data}}
        body = json.dumps(event).encode()
        return d.hook("openai", body, standard(SECRETS["OPENAI_WHSEC"], id, body))[0]

    check.equal("limits: hostile text", block("<@U1> @here ` * _ ~ \u202e\x00 é" + "x" * 50_000, model="m" * 50_000), 200)
    check("limits: delivered within Slack's limits, without markup", until(lambda: slack.messages, 10) and not slack.broken, (slack.broken, d.log()[-500:]))
    done = [block(f"wave-{i}") for i in range(300)]
    check.equal("limits: a wave of 300", set(done), {200})
    check("limits: all settled", d.settles(120), (slack.broken, d.json("audit")))
    check(f"limits: Slack refused nothing of {len(slack.messages)} messages", not slack.broken, slack.broken[:3])
    seen = {same_message(m) for m in slack.messages}
    check.equal("limits: no message twice", len(seen), len(slack.messages))

    def profile(kind):
        id = new_id()
        event = {"type": "event", "id": id, "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "data": {"type": f"user_profile.{kind}", "id": "prof_1", "enforcement_action_id": "act_1", "organization_id": "org_1"}}
        body = json.dumps(event).encode()
        return d.hook("anthropic", body, standard(SECRETS["ANTHROPIC_WHSEC"], id, body))[0]

    before = len(slack.messages)
    profile("enforcement_action_opened")
    check("thread: the first message", until(lambda: len(slack.messages) > before, 10))
    profile("enforcement_action_resolved")
    if check("thread: the second message", until(lambda: len(slack.messages) > before + 1, 10), len(slack.messages) - before):
        first, second = slack.messages[before:before + 2]
        check.equal("thread: the second is under the first", (first.get("thread_ts"), second.get("thread_ts")), (None, first["ts"]))
    check.equal("limits: SIGTERM", d.stop(), 0)
    d.remove()


def for_years(check, o):
    """Asked to wait for three years: it waits a quarter of an hour, and nothing is lost."""
    slack, sink, d = new(o.binary, ["429:99999999"])
    check.equal("for years: a routed event", d.openai(new_id()), 200)
    check("for years: the webhook beside it is not delayed", until(lambda: sink.received, 5), d.log()[-500:])
    notifications = lambda: json.loads(post(d.private, "/api/v1/notifications", None, method="GET")[2])["items"]
    waiting = lambda: [n for n in notifications() if n["contact"] == "platform/slack" and n["attempts"] == 1]
    if check("for years: it waits", until(lambda: waiting() and waiting()[0]["reason"] and waiting(), 10), notifications()):
        at = datetime.fromisoformat(waiting()[0]["next_attempt_at"].replace("Z", "+00:00")).timestamp()
        check(f"for years: for {at - time.time():.0f} s", 880 <= at - time.time() <= 900, waiting())
    check.equal("for years: one try", len(slack.requests), 1)
    check.equal("for years: the ledger adds up", d.json("audit")[0], 0)
    d.remove()


CASES = [
    ("429", ["429"], 2, 4),
    ("429 twice", ["429", "429"], 4, 8),
    ("429, wait 0 s", ["429:0"], 0.9, 4),
    ("429, until a date in 3 s", ["429:date"], 1.5, 6),
    ("429, wait -1 s", ["429:-1"], 29, 50),
    ("429 without a word on waiting", ["429:"], 29, 50),
    ("ok:false ratelimited", ["ratelimited"], 29, 50),
    ("ok:false internal_error", ["internal_error"], 29, 50),
    ("HTML", ["html"], 29, 50),
    ("dropped", ["drop"], 29, 50),
    ("channel_not_found", ["channel_not_found"] * 9, 0, 0, "was not reached"),
    ("is_archived", ["is_archived"] * 9, 0, 0, "was not reached"),
    ("invalid_auth", ["invalid_auth"] * 9, 0, 0, "refuses forewarn"),
]


def cases(check, o):
    """Side by side: most of their time is waiting."""
    chosen = CASES + ([("no answer", ["hang"], 59, 85)] if o.slow else [])
    threads = [threading.Thread(target=check.guarded, args=(c[0], case, o.binary, *c)) for c in chosen]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


if __name__ == "__main__":
    run(__doc__, {"cases": cases, "for_years": for_years, "limits": limits}, slow=False)
