"""`forewarn add-status` and `providers check --live` against scripted servers: every dialect is found at its usual address, the
file that is printed reads the page, a page that speaks another dialect is named, and what is no status page is refused.
"""

import tempfile
from pathlib import Path

from common import PROJECT, Daemon, run, serve

# A feed that names a state now and then, and is no history.
NEWS = '<rss version="2.0"><channel><title>Acme news</title>' + "".join(
    f"<item><title>{t}</title><link>https://acme.example/news/{n}</link><pubDate>Fri, 20 Nov 2026 10:0{n}:00 +0000</pubDate></item>"
    for n, t in enumerate(["Investigating - Errors in exports", "We moved our office", "A new dashboard", "Meet us in May"])
) + "</channel></rss>"
BODIES = PROJECT / "fixtures" / "_dialects" / "status"
# Dialect, the file of our own that speaks it, the address it is found under from the root, the address somebody gives.
PAGES = [
    ("statuspage", "statuspage.summary.json", "/api/v2/summary.json", "/"),
    ("incident_io", "incident_io.summary.json", "/api/v2/summary.json", "/some/page"),
    ("instatus", "instatus.summary.json", "/v3/summary.json", ""),
    ("better_stack", "better_stack.index.json", "/index.json", ""),
    ("online_or_not", "online_or_not.summary.json", "/v1/status_pages/acme/summary", "/v1/status_pages/acme/summary"),
    ("google_cloud", "google_cloud.incidents.json", "/incidents.json", "/incidents.json"),
    ("aws_events", "aws_events.currentevents.json", "/public/currentevents", "/public/currentevents"),
    ("azure_rss", "azure_rss.feed.xml", "/en-us/status/feed/", "/en-us/status/feed/"),
    ("slack", "slack.current.json", "/api/v2.0.0/current", "/api/v2.0.0/current"),
    ("heroku", "heroku.current-status.json", "/api/v4/current-status", "/api/v4/current-status"),
    ("status_io", "status_io.status.json", "/1.0/status/acme", "/1.0/status/acme"),
    ("history_feed", "history_feed.statuspage.atom", "/history.atom", ""),
    ("history_feed", "history_feed.incident_io.rss", "/history.rss", ""),
    ("plain_feed", "news", "/feed.xml", ""),
]
# What holds the ends where the summary does not, as `history` is found by itself.
HISTORY = {
    "/api/v2/incidents.json": {"statuspage": "statuspage.incidents.json", "incident_io": "incident_io.summary.json"},
    "/api/v2.0.0/history": {"slack": "slack.history.json"},
    "/api/v4/incidents": {"heroku": None},
}


class Page:
    """A server that has one status page and a 404 for the rest."""

    def __init__(self, dialect, file, path):
        self.at = {path: NEWS.encode() if file == "news" else (BODIES / file).read_bytes()}
        for history, by in HISTORY.items():
            if dialect in by:
                self.at[history] = (BODIES / by[dialect]).read_bytes() if by[dialect] else b"[]"
        self.server = serve(self.answer)
        self.root = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, handler, body):
        found = self.at.get(handler.path)
        return (404, {}, b"not here") if found is None else (200, {"content-type": "application/octet-stream"}, found)


def place(o):
    """A folder for provider files, and the command line beside it; no daemon runs."""
    folder = Path(tempfile.mkdtemp(prefix="forewarn-pages-"))
    return folder, Daemon(o.binary, f'watch = []\nproviders_dir = "{folder}"\n')


def found(check, o):
    folder, d = place(o)
    for n, (dialect, file, path, given) in enumerate(PAGES):
        page, id = Page(dialect, file, path), f"page{n}"
        code, out, err = d.cli("add-status", page.root + given, "--id", id)
        check(f"{file} is found at {path} from {given or 'the root'}", code == 0 and f"{page.root}{path} speaks {dialect}:" in out, (code, out, err))
        if code:
            continue
        (folder / f"{id}.toml").write_text(out)
        code, out, err = d.cli("providers", "check", id, "--live")
        check(f"and what was printed reads it ({dialect})", code == 0 and "NOT READABLE" not in out and "looks like" not in out, (code, out, err))
        page.server.shutdown()
    d.remove()


def written(check, o):
    folder, d = place(o)
    page = Page("statuspage", "statuspage.summary.json", "/api/v2/summary.json")
    code, out, err = d.cli("add-status", page.root, "--id", "acme", "--name", "Acme & Co", "--write")
    check("--write writes the file", code == 0 and (folder / "acme.toml").exists() and 'name = "Acme & Co"' in (folder / "acme.toml").read_text(), (code, out, err))
    code, out, err = d.cli("add-status", page.root, "--id", "acme", "--write")
    check("a provider that is known is not written over", code == 2 and "known already" in err, (code, out, err))
    # The page moves to another engine, at the same address.
    page.at["/api/v2/summary.json"] = (BODIES / "better_stack.index.json").read_bytes()
    code, out, err = d.cli("providers", "check", "acme", "--live")
    check("a page that moved to another engine is named, exit 3", code == 3 and "better_stack" in out, (code, out, err))
    page.at["/api/v2/summary.json"] = b"<!doctype html><title>Log in</title>"
    code, out, err = d.cli("providers", "check", "acme", "--live")
    check("a login page is not readable, exit 3", code == 3 and "NOT READABLE" in out, (code, out, err))
    page.at.clear()
    code, out, err = d.cli("add-status", page.root, "--id", "nobody")
    check("nothing found says what was tried, exit 3", code == 3 and "/history.atom" in out and "404" in out, (code, out, err))
    d.remove()


def polite(check, o):
    """A page whose robots.txt wants its API left alone is read by its feed, unless somebody names the API."""
    folder, d = place(o)
    page = Page("statuspage", "statuspage.summary.json", "/api/v2/summary.json")
    page.at["/history.atom"] = (BODIES / "history_feed.statuspage.atom").read_bytes()
    page.at["/robots.txt"] = b"User-agent: *\nDisallow: /api/\n"
    code, out, err = d.cli("add-status", page.root, "--id", "polite")
    check("robots.txt makes the history feed the first choice", code == 0 and "/history.atom speaks history_feed:" in out, (code, out, err))
    code, out, err = d.cli("add-status", page.root + "/api/v2/summary.json", "--id", "chosen", "--write")
    check("an address that was given is the operator's choice, and what robots.txt asks is said",
          code == 0 and "speaks statuspage" in out and "robots.txt asks" in out, (code, out, err))
    code, out, err = d.cli("providers", "check", "chosen", "--live")
    check("and check --live says what robots.txt asks", code == 0 and "robots.txt asks" in out, (code, out, err))
    page.server.shutdown()
    d.remove()


if __name__ == "__main__":
    run(__doc__, {"found": found, "written": written, "polite": polite})
