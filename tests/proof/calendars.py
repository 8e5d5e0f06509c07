"""The calendar read back by three programs nobody here wrote (icalendar, vobject, ics) and imported by khal, before and
after a date moved; the secret feed, ETag and 304, CSV; words that try to be lines of a calendar."""

import csv
import datetime
import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import ics
import icalendar
import vobject
from common import post, run, until
from world import DATE, HOSTILE, MOVED, Provider


def get(port, path, **headers):
    return post(port, path, None, headers, method="GET")


def events(text):
    return {str(e["SUMMARY"]): e for e in icalendar.Calendar.from_ical(text).walk("VEVENT")}


def one(text, start):
    return next(e for name, e in events(text).items() if name.startswith(start))


def physical(check, what, text):
    lines = text.split(b"\r\n")
    check(f"{what}: no line is longer than 75 octets or broken", all(len(l) <= 75 and b"\n" not in l and b"\r" not in l for l in lines))
    for line in lines:
        line.decode()  # no character is cut


def readers(check, what, text, date, said):
    physical(check, what, text)
    day = datetime.date.fromisoformat(date)
    e = one(text, "gpt-demo-1")
    check.equal(f"{what}: icalendar reads the day", (e["DTSTART"].dt, e["DTEND"].dt), (day, day + datetime.timedelta(days=1)))
    check(f"{what}: icalendar finds no error", not any(x.errors for x in icalendar.Calendar.from_ical(text).walk()))
    words = " ".join(said.split())
    check(f"{what}: the words come back whole", words in " ".join(str(e["DESCRIPTION"]).split()), str(e["DESCRIPTION"]))
    v = vobject.readOne(text.decode())
    of = {x.summary.value: x for x in v.vevent_list}
    mine = next(x for name, x in of.items() if name.startswith("gpt-demo-1"))
    check.equal(f"{what}: vobject reads the day", mine.dtstart.value, day)
    check.equal(f"{what}: vobject finds as many events", len(of), len(events(text)))
    c = ics.Calendar(text.decode())
    mine = next(x for x in c.events if x.name.startswith("gpt-demo-1"))
    check.equal(f"{what}: ics reads the day", (mine.begin.date(), mine.all_day), (day, True))
    check.equal(f"{what}: ics finds as many events", len(c.events), len(events(text)))


def khal(home, *args):
    env = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CACHE_HOME": str(home), "LC_ALL": "C.UTF-8"}
    program = Path(sys.executable).parent / "khal"
    return subprocess.run([program, "-c", home / "khal.conf", *args], capture_output=True, text=True, env=env, timeout=60)


def imported(check, what, home, text, date):
    file = home / "feed.ics"
    file.write_bytes(text)
    r = khal(home, "import", "--batch", "-a", "ours", str(file))
    check(f"{what}: khal imports it", r.returncode == 0, r.stderr)
    day = datetime.date.fromisoformat(date)
    # Quietly: its words for "nothing" differ from release to release.
    r = khal(home, "list", "--format", "{title}", "--day-format", "", date, "1d")
    check(f"{what}: khal lists it on {day}", "gpt-demo-1" in r.stdout, r.stdout + r.stderr)
    return r.stdout


def whole(check, o):
    provider = Provider()
    d = provider.daemon(o.binary)
    check("the pages are read", until(lambda: len(events(get(d.private, "/calendar.ics")[2])) >= 3, 60, 0.5))
    status, headers, text = get(d.private, "/calendar.ics?alarm=7d&alarm=1d")
    check.equal("type", (status, headers["content-type"]), (200, "text/calendar; charset=utf-8"))
    readers(check, "before", text, DATE, HOSTILE)
    check.equal("as many events as facts", len(events(text)), 3)
    planned = one(text, "openai: Disks")
    at = datetime.datetime(2099, 2, 3, 10, 0, tzinfo=datetime.timezone.utc)
    check.equal("maintenance has its times", (planned["DTSTART"].dt, planned["DTEND"].dt), (at, at + datetime.timedelta(minutes=150)))
    check.equal("alarms", len(one(text, "gpt-demo-1").walk("VALARM")), 2)
    home = Path(tempfile.mkdtemp(prefix="forewarn-khal-"))
    (home / "khal.conf").write_text(
        f"[calendars]\n[[ours]]\npath = {home}/ours\n[locale]\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\n"
        "longdateformat = %Y-%m-%d\ndatetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
        "[default]\ndefault_calendar = ours\n"
    )
    (home / "ours").mkdir()
    imported(check, "before", home, text, DATE)

    tag = headers["etag"]
    check.equal("304", get(d.private, "/calendar.ics?alarm=7d&alarm=1d", **{"if-none-match": tag})[0], 304)
    code, url, err = d.cli("calendar", "--feed", "owner=search,alarm=7d")
    check(f"a feed has an address {err}", code == 0 and url.startswith("https://forewarn.example.com/calendar/"))
    path = url.strip().removeprefix("https://forewarn.example.com")
    status, _, fed = get(d.intake, path)
    check.equal("the feed is public", (status, len(events(fed))), (200, 3))
    check.equal("the feed says where it is", str(icalendar.Calendar.from_ical(fed)["SOURCE"]), url.strip())
    for wrong in [path[:-5] + "0.ics", path[:-4], "/calendar/x.ics", "/calendar.ics", "/metrics", "/api/v1/events"]:
        check.equal(f"404 outside: {wrong[-12:]}", get(d.intake, wrong)[0], 404)

    code, table, _ = d.cli("calendar", "--format", "csv", "--within", "3650d", "--past", "3650d")
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    check.equal("CSV: all that is not too far", (code, [r["id"] for r in rows]), (0, ["openai:gpt-old"]))
    check.equal("--fail-within", d.cli("calendar", "--past", "3650d", "--fail-within", "30d")[0], 3)

    first = one(text, "gpt-demo-1")
    # A page that moves a date is believed when it says so twice, ten minutes apart; a person at once.
    code, _, err = d.cli("deprecations", "pin", "openai:gpt-demo-1", "--date", MOVED, "--note", "told by support")
    check(f"a person moves the date {err}", code == 0)
    moved = until(lambda: (t := get(d.private, "/calendar.ics?alarm=7d&alarm=1d"))[1]["etag"] != tag and b"20990305" in t[2] and t[2], 90, 0.5)
    if not check("the date moves", moved):
        return
    readers(check, "after", moved, MOVED, "told by support")
    second = one(moved, "gpt-demo-1")
    check.equal("the UID stays", second["UID"], first["UID"])
    check("SEQUENCE rises", second["SEQUENCE"] > first["SEQUENCE"], (first["SEQUENCE"], second["SEQUENCE"]))
    imported(check, "after", home, moved, MOVED)
    gone = khal(home, "list", "--format", "{title}", "--day-format", "", DATE, "1d").stdout
    check("khal has it no longer on the old day", "gpt-demo-1" not in gone, gone)

    d.stop()
    (d.data / "instance.key").unlink()
    d.start()
    check.equal("without the key every address is void", get(d.intake, path)[0], 404)
    check.equal("SIGTERM", d.stop(), 0)
    d.remove()


if __name__ == "__main__":
    run(__doc__, {"whole": whole})
