"""Who watches the watcher: while forewarn makes progress it calls heartbeat_url and tells systemd; when the database takes
nothing, or a part is stopped, both go silent, and come back. An address that hangs stops nothing."""

import os
import socket
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

from common import Daemon, config, serve, until


class Outside:
    """A dead man's switch that writes down when it was called; and the socket of systemd."""

    def __init__(self, hang=False):
        self.calls, self.hang = [], hang
        self.server = serve(self.answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/of-a-proof"
        self.path = str(Path(tempfile.mkdtemp(prefix="forewarn-notify-")) / "socket")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.told = []
        threading.Thread(target=self.listen, daemon=True).start()

    def answer(self, handler, body):
        self.calls.append(time.monotonic())
        if self.hang:
            time.sleep(30)
        return 200, {}, b"ok"

    def listen(self):
        while True:
            self.told += [(time.monotonic(), word) for word in self.socket.recv(4096).decode().split("\n")]

    def alive(self):
        return [at for at, word in self.told if word == "WATCHDOG=1"]

    def daemon(self, o):
        env = {"HEARTBEAT_URL": self.url, "NOTIFY_SOCKET": self.path}
        settings = 'low_water_mb = 0\nheartbeat_url = "env:HEARTBEAT_URL"\nheartbeat_seconds = 10\n'
        return Daemon(o.binary, config(settings=settings), env=env).start()


def since(times, at):
    return [round(t - at, 1) for t in times if t > at]


def stall(check, o):
    outside = Outside()
    d = outside.daemon(o)
    check("systemd hears that it is ready", until(lambda: ("READY=1" in [w for _, w in outside.told]), 20))
    check("both are told while all is well", until(lambda: len(outside.calls) >= 2 and len(outside.alive()) >= 2, 60), (outside.calls, outside.told))
    code, out, _ = d.cli("status", "--json")
    check("the address is shown nowhere", "of-a-proof" not in out + d.out() + d.log())
    db = sqlite3.connect(d.data / "forewarn.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")  # as a disk that takes nothing
    at = time.monotonic()
    time.sleep(o.seconds)
    # What was seen just before the stall is told once more at most; then silence.
    check("the calls stop", all(t <= 40 for t in since(outside.calls, at)), since(outside.calls, at))
    check("systemd is not told", not since(outside.alive(), at + 1), since(outside.alive(), at))
    db.execute("COMMIT")
    at = time.monotonic()
    check("both come back", until(lambda: since(outside.calls, at) and since(outside.alive(), at), 90), outside.told[-3:])
    check.equal("SIGTERM", d.stop(), 0)
    check("and systemd hears of the end", ("STOPPING=1" in [w for _, w in outside.told]))
    at = time.monotonic()
    time.sleep(3)
    check.equal("nobody calls any more", since(outside.calls, at), [])
    d.remove()


def hangs(check, o):
    outside = Outside(hang=True)
    d = outside.daemon(o)
    check("it is called", until(lambda: outside.calls, 40))
    check("webhooks are taken meanwhile", d.openai("evt_beside") == 200 and d.settles())
    check("systemd is told meanwhile", until(lambda: len(outside.alive()) >= 2, 60), outside.told)
    _, status = d.json("status")
    check("the status says so", until(lambda: any(t["name"] == "heartbeat" and "no answer in time" in t["last"] for t in d.json("status")[1]["tasks"]), 30), status["tasks"])
    check.equal("SIGTERM", d.stop(), 0)
    os.unlink(outside.path)
    d.remove()


if __name__ == "__main__":
    from common import run

    run(__doc__, {"stall": stall, "hangs": hangs}, seconds=45)
