"""Strict fakes of services, written from their documents: required fields, limits, errors, rate limits. Each keeps what it
took in `taken` and what it would have refused in `broken`. `script` holds what the next requests are answered: a status, to limit us, or a status and a body."""

import json
import re
import threading

from common import serve

SECRET = "proof-secret-0123456789abcdef0123"
PD_KEY = "0123456789abcdef0123456789abcdef"


class Fake:
    name = ""

    def __init__(self):
        self.taken, self.broken, self.script, self.lock = [], [], [], threading.Lock()
        self.server = serve(self.all)
        self.server.RequestHandlerClass.do_PATCH = self.server.RequestHandlerClass.do_POST
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def all(self, handler, body):
        with self.lock:
            if self.script:
                act = self.script.pop(0)
                if isinstance(act, int):
                    return self.limited(act)
                status, value = act  # an error of theirs, word for word
                return status, {"content-type": "application/json"}, json.dumps(value).encode()
            try:
                said = json.loads(body) if body else None
                status, value = self.answer(handler.command, handler.path, handler.headers, said)
            except (KeyError, TypeError, ValueError, AssertionError, IndexError) as e:
                self.broken.append((self.name, repr(e), body[:600]))
                status, value = self.complaint(repr(e))
            return status, {"content-type": "application/json"}, b"" if value is None else json.dumps(value).encode()

    def limited(self, status):
        return status, {"retry-after": "1"}, b"{}"

    def complaint(self, why):
        return 400, {"message": why}

    def need(self, ok, why):
        if not ok:
            raise AssertionError(why)

    def text(self, value, most, least=1):
        self.need(isinstance(value, str) and least <= len(value) <= most, f"text of {least} to {most} characters: {value!r:.80}")


class PagerDuty(Fake):
    """https://developer.pagerduty.com/docs/send-alert-event"""

    name = "PagerDuty"

    def answer(self, method, path, headers, e):
        self.need((method, path) == ("POST", "/v2/enqueue"), path)
        if e["routing_key"] != PD_KEY:
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": ["'routing_key' is invalid"]}
        self.need(e["event_action"] in ("trigger", "acknowledge", "resolve"), e["event_action"])
        self.text(e["dedup_key"], 255)
        self.text(e["payload"]["summary"], 1024)
        self.text(e["payload"]["source"], 255)
        self.need(e["payload"]["severity"] in ("critical", "error", "warning", "info"), "severity")
        for link in e.get("links", []):
            self.need(re.match("https?://", link["href"]), "href")
        self.taken.append(e)
        return 202, {"status": "success", "message": "Event processed", "dedup_key": e["dedup_key"]}


class Teams(Fake):
    """https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using"""

    name = "Teams"

    def answer(self, method, path, headers, e):
        self.need(method == "POST" and path.startswith("/workflows/"), path)
        self.need(len(json.dumps(e, ensure_ascii=False).encode()) <= 28 * 1024, "28 KB")
        self.need(e["type"] == "message" and len(e["attachments"]) == 1, "message")
        card = e["attachments"][0]
        self.need(card["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType")
        card = card["content"]
        self.need(card["type"] == "AdaptiveCard" and card["version"] in ("1.2", "1.3", "1.4", "1.5"), "card")
        for block in card["body"]:
            self.need(block["type"] == "RichTextBlock", block["type"])
            for run in block["inlines"]:
                self.need(run["type"] == "TextRun", "inline")
                self.text(run["text"], 5000)
        self.need(len(card["actions"]) <= 6, "six actions are shown")
        for a in card["actions"]:
            self.need(a["type"] == "Action.OpenUrl" and re.match("https?://", a["url"]), "action")
        self.taken.append(e)
        return 202, None


class Discord(Fake):
    """https://discord.com/developers/docs/resources/webhook"""

    name = "Discord"

    def limited(self, status):
        return status, {"content-type": "application/json"}, json.dumps({"message": "You are being rate limited.", "retry_after": 0.9, "global": False}).encode()

    def answer(self, method, path, headers, e):
        changed = re.fullmatch(r"/api/webhooks/1/token/messages/(\d+)", path)
        if not changed and path != "/api/webhooks/1/token?wait=true":
            return 404, {"message": "Unknown Webhook", "code": 10015}
        self.need(method == ("PATCH" if changed else "POST"), method)
        self.text(e["content"], 2000)
        self.need(e["allowed_mentions"] == {"parse": []}, "somebody could be mentioned")
        self.need(len(e["embeds"]) <= 10, "ten embeds")
        for x in e["embeds"]:
            self.text(x["description"], 4096)
            self.text(x["footer"]["text"], 2048)
            self.need(len(x["description"]) + len(x["footer"]["text"]) <= 6000, "6000 in all")
        self.taken.append({"method": method, **e})
        return 200, {"id": "1100000000000000001", "type": 0}


class Ntfy(Fake):
    """https://docs.ntfy.sh/publish/#publish-as-json"""

    name = "ntfy"

    def answer(self, method, path, headers, e):
        if headers.get("authorization") != f"Bearer {SECRET}":
            return 401, {"code": 40101, "http": 401, "error": "unauthorized"}
        self.need((method, path) == ("POST", "/") and re.fullmatch("[-_A-Za-z0-9]{1,64}", e["topic"]), "topic")
        self.need(len(e["message"].encode()) <= 4096, "4096 bytes, else it is an attachment")
        self.text(e["title"], 250)
        self.need(e["priority"] in range(1, 6) and "markdown" not in e, "priority, no Markdown")
        self.need(len(e.get("actions", [])) <= 3, "three actions")
        for a in e.get("actions", []):
            self.need(a["action"] in ("view", "http") and a["label"] and re.match("https?://", a["url"]), "action")
        self.taken.append(e)
        return 200, {"id": "sPs71M8A2T", "time": 1, "event": "message", "topic": e["topic"]}


class GitHub(Fake):
    """https://docs.github.com/rest/issues/issues"""

    name = "GitHub"

    def __init__(self):
        super().__init__()
        self.issues, self.comments = [], []

    def complaint(self, why):
        return 422, {"message": "Validation Failed", "errors": [why]}

    def answer(self, method, path, headers, e):
        if headers.get("authorization") != f"Bearer {SECRET}":
            return 401, {"message": "Bad credentials"}
        self.need(headers["accept"] == "application/vnd.github+json" and headers["user-agent"], "headers")
        path, _, query = path.partition("?")
        if path == "/repos/acme/search/issues" and method == "GET":
            self.need("labels=forewarn" in query and "state=all" in query, query)
            return 200, list(reversed(self.issues))
        if path == "/repos/acme/search/issues" and method == "POST":
            self.text(e["title"], 256)
            self.text(e["body"], 65536)
            self.need(all(isinstance(x, str) for x in e["labels"]), "labels")
            self.issues.append({"number": len(self.issues) + 1, "state": "open", **e})
            return 201, self.issues[-1]
        at = re.fullmatch(r"/repos/acme/search/issues/(\d+)(/comments)?", path)
        if not at or int(at[1]) > len(self.issues):
            return 404, {"message": "Not Found"}
        issue = self.issues[int(at[1]) - 1]
        if at[2]:
            self.text(e["body"], 65536)
            self.comments.append((issue["number"], e["body"]))
            return 201, {"id": len(self.comments)}
        if method == "PATCH":
            self.need(e["state"] in ("open", "closed"), "state")
            issue["state"] = e["state"]
        return 200, issue

    def open(self):
        return [i for i in self.issues if i["state"] == "open"]


class Jira(Fake):
    """https://developer.atlassian.com/cloud/jira/platform/rest/v3/"""

    name = "Jira"
    NODES = {"doc", "paragraph", "text", "taskList", "taskItem"}

    def __init__(self):
        super().__init__()
        self.issues, self.comments = {}, []

    def document(self, doc):
        self.need(doc["type"] == "doc" and doc["version"] == 1, "a document")

        def walk(node):
            self.need(node["type"] in self.NODES, node["type"])
            if node["type"] == "text":
                self.text(node["text"], 32767)
            if node["type"].startswith("task"):
                self.need(node["attrs"]["localId"], "localId")
            for inner in node.get("content", []):
                walk(inner)

        walk(doc)

    def shown(self, key):
        return {"id": "1", "key": key, "fields": {"status": {"statusCategory": {"key": self.issues[key]["category"]}}}}

    def answer(self, method, path, headers, e):
        if not headers.get("authorization", "").startswith("Basic "):
            return 401, None
        if path == "/rest/api/3/search/jql":
            label = re.search(r'labels = "([^"\s]+)"', e["jql"])[1]
            self.need(e["fields"] == ["status"], "fields")
            return 200, {"issues": [self.shown(k) for k, i in self.issues.items() if label in i["labels"]], "isLast": True}
        if path == "/rest/api/3/issue" and method == "POST":
            f = e["fields"]
            if f["project"]["key"] != "SEARCH":
                return 400, {"errorMessages": [], "errors": {"project": "valid project is required"}}
            self.text(f["summary"], 255)
            self.need("\n" not in f["summary"] and all(" " not in x for x in f["labels"]), "one line; labels without spaces")
            self.document(f["description"])
            key = f"SEARCH-{len(self.issues) + 1}"
            self.issues[key] = {**f, "category": "new"}
            return 201, {"id": "1", "key": key, "self": "x"}
        at = re.fullmatch(r"/rest/api/3/issue/(SEARCH-\d+)(/comment|/transitions|\?fields=status)?", path)
        if not at or at[1] not in self.issues:
            return 404, {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}
        if at[2] == "/comment":
            self.document(e["body"])
            self.comments.append((at[1], json.dumps(e["body"])))
            return 201, {"id": "1"}
        if at[2] == "/transitions" and method == "GET":
            return 200, {"transitions": [{"id": "11", "to": {"statusCategory": {"key": "new"}}}, {"id": "31", "to": {"statusCategory": {"key": "done"}}}]}
        if at[2] == "/transitions":
            self.issues[at[1]]["category"] = {"11": "new", "31": "done"}[e["transition"]["id"]]
            return 204, None
        return 200, self.shown(at[1])

    def open(self):
        return [k for k, i in self.issues.items() if i["category"] != "done"]


class Linear(Fake):
    """https://linear.app/developers/graphql"""

    name = "Linear"
    STATES = [{"id": "s-todo", "type": "unstarted", "position": 1}, {"id": "s-done", "type": "completed", "position": 2}]
    UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

    def __init__(self):
        super().__init__()
        self.issues, self.comments = {}, {}

    def limited(self, status):
        error = {"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}
        return 400, {"content-type": "application/json", "retry-after": "1"}, json.dumps({"errors": [error]}).encode()

    def answer(self, method, path, headers, e):
        if headers.get("authorization") != SECRET:
            return 401, {"errors": [{"message": "Authentication required", "extensions": {"code": "AUTHENTICATION_ERROR"}}]}
        self.need(path == "/graphql" and method == "POST", path)
        q, v = e["query"], e["variables"]
        lost = {"errors": [{"message": "Entity not found: Issue", "extensions": {"code": "INPUT_ERROR"}}], "data": None}
        if "teams(" in q:
            return 200, {"data": {"teams": {"nodes": [{"id": "team-1"}] if v["key"] == "ENG" else []}}}
        if "issueCreate" in q:
            i = v["input"]
            self.need(i["teamId"] == "team-1" and self.UUID.fullmatch(i["id"]) and i["id"] not in self.issues, "input")
            self.text(i["title"], 512)
            self.issues[i["id"]] = {**i, "state": "s-todo"}
            return 200, {"data": {"issueCreate": {"success": True, "issue": {"id": i["id"]}}}}
        if "commentCreate" in q:
            i = v["input"]
            self.need(i["issueId"] in self.issues and self.UUID.fullmatch(i["id"]), "comment")
            self.comments[i["id"]] = i["body"]
            return 200, {"data": {"commentCreate": {"success": True}}}
        if v["id"] not in self.issues:
            return 200, lost
        issue = self.issues[v["id"]]
        if "issueUpdate" in q:
            self.need(v["input"]["stateId"] in ("s-todo", "s-done"), "state")
            issue["state"] = v["input"]["stateId"]
            return 200, {"data": {"issueUpdate": {"success": True}}}
        if "states" in q:
            return 200, {"data": {"issue": {"team": {"states": {"nodes": self.STATES}}}}}
        kind = "completed" if issue["state"] == "s-done" else "unstarted"
        return 200, {"data": {"issue": {"id": v["id"], "trashed": None, "state": {"type": kind}}}}

    def open(self):
        return [i for i in self.issues.values() if i["state"] != "s-done"]


class Slack(Fake):
    """chat.postMessage, chat.update, views.open. https://docs.slack.dev/reference/methods"""

    name = "Slack"

    def __init__(self):
        super().__init__()
        self.n = 0

    def complaint(self, why):
        return 200, {"ok": False, "error": "invalid_blocks"}

    def block(self, b):
        kind = b["type"]
        self.need(kind in ("section", "context", "actions", "input"), kind)
        if kind == "section":
            self.text(b["text"]["text"], 3000)
        for x in b.get("elements", []):
            if kind == "actions":
                self.need(x["type"] == "button", x["type"])
                self.text(x["text"]["text"], 75)
                self.text(x["action_id"], 255)
                self.need(len(x.get("value", "")) <= 2000, "value")
        if kind == "input":
            self.text(b["label"]["text"], 2000)
            self.need(b["element"]["action_id"], "action_id")

    def answer(self, method, path, headers, e):
        self.need(headers.get("authorization") == "Bearer xoxb-proof", "token")
        call = path.removeprefix("/api/")
        blocks = e["view"]["blocks"] if call == "views.open" else e.get("blocks", [])
        self.need(len(blocks) <= (100 if call == "views.open" else 50), "blocks")
        for b in blocks:
            self.block(b)
        self.taken.append((call, e))
        if call == "views.open":
            self.need(e["view"]["type"] == "modal" and len(e["view"]["title"]["text"]) <= 24, "view")
            return 200, {"ok": True}
        self.text(e["text"], 40000)
        self.need(call in ("chat.postMessage", "chat.update"), call)
        if call == "chat.update":
            self.need(e["channel"] == "C0123" and e["ts"], "an id, not a name")
        self.n += 1
        ts = e.get("ts") or f"1790000000.{self.n:06}"
        return 200, {"ok": True, "channel": "C0123", "ts": ts, "message": {"thread_ts": e.get("thread_ts")}}
