"""A provider on loopback that behaves as Twilio's Messages API does on a bad day, and remembers what it took.

``python -m tests.sms.emulator PORT_FILE HISTORY SEED SHARE``: faults on ``SHARE`` of its answers, each message it takes
written to HISTORY before the answer, so that the history outlives any kill. HANG and LAG in seconds may follow, then
the account's SECRET: with it receipts go to each message's StatusCallback, signed, early, late, twice, out of order,
forged ones among them; what they were answered is written beside HISTORY. ``/__history`` tells what was taken,
``/__play?fault=429&times=20`` gives that answer to so many sends.
"""

import http.client
import json
import random
import socket
import struct
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

FAULTS = ("503", "503_taken", "reset", "reset_taken", "hang_taken", "truncated", "dribble", "429", "late")


NOBODY = 0  # answered


def post(url: str, form: dict[str, str], signature: str) -> int:
    """A receipt or a reply on its way; what it is answered, NOBODY when nobody is there."""
    ask = urllib.request.Request(url, urlencode(form).encode(), {"X-Twilio-Signature": signature})
    try:
        with urllib.request.urlopen(ask, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return NOBODY


@dataclass
class Book:
    """What was taken, in order, and which faults were played."""

    share: float = 0.0
    seed: int = 0
    history: Path | None = None
    hang: float = 3.0
    lag: float = 0.0
    secret: str = ""  # of the account; with it receipts are sent
    taken: list[dict[str, Any]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    reports: list[list[str]] = field(
        default_factory=list
    )  # statuses to report of the next messages, "early" ahead
    report: Callable[[str, dict[str, str], str], object] = post
    script: list[str] = field(default_factory=list)  # faults to play next, before any by chance

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self.chance = random.Random(self.seed)
        self.by_number: dict[str, list[dict[str, Any]]] = {}
        self.storm, self.storm_left = "", 0

    def play(self, fault: str, times: int) -> None:
        """The next sends are answered so."""
        with self.lock:
            self.storm, self.storm_left = fault, times

    def fault(self, reading: bool) -> str:
        with self.lock:
            if not reading and self.storm_left:
                self.storm_left -= 1
                self.faults[f"storm of {self.storm}"] += 1
                return self.storm
            if self.script:
                chosen = self.script.pop(0)
            elif self.chance.random() < self.share:
                chosen = self.chance.choice(("503", "reset", "429") if reading else FAULTS)
            else:
                return ""
            self.faults[("list " if reading else "") + chosen] += 1
            return chosen

    def take(self, to: str, body: str) -> dict[str, Any]:
        with self.lock:
            made = datetime.now(UTC)
            row = {"sid": f"SM{len(self.taken):032x}", "to": to, "body": body, "status": "queued",
                   "date_created": format_datetime(made), "at": time.time()}  # fmt: skip
            self.taken.append(row)
            self.by_number.setdefault(to, []).append(row)
            if self.history:
                with self.history.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
            return row

    def tell(self, row: dict[str, Any], callback: str) -> None:
        """Report on a message: at once where "early" stands ahead of its statuses, else behind the answer."""
        if not (self.secret and callback):
            return
        with self.lock:
            scripted = bool(self.reports)
            statuses = self.reports.pop(0) if scripted else self._any_order()
            early, statuses = statuses[:1] == ["early"], [s for s in statuses if s != "early"]
            wait = 0.0 if scripted or early else self.chance.choice((0.0, 0.05, self.hang))
        sending = threading.Thread(target=self._report, args=(row, callback, statuses, wait), daemon=True)
        sending.start()
        if early:
            sending.join()

    def _any_order(self) -> list[str]:
        statuses = ["queued", "sent", "delivered"]
        if self.chance.random() < self.share:
            statuses += [*self.chance.sample(statuses, 2), "forged"]
            self.chance.shuffle(statuses)
        return ["early", *statuses] if self.chance.random() < self.share else statuses

    def _report(self, row: dict[str, Any], callback: str, statuses: list[str], wait: float) -> None:
        from twilio.request_validator import RequestValidator  # only who reports waits for it

        time.sleep(wait)
        for status in statuses:
            forged = status == "forged"
            form = {
                "MessageSid": row["sid"],
                "MessageStatus": "undelivered" if forged else status,
                "To": row["to"],
            }
            secret = self.secret[::-1] if forged else self.secret
            answer = self.report(callback, form, RequestValidator(secret).compute_signature(callback, form))
            if not forged:
                row["status"] = status
            self._note({"to": row["to"], "sid": row["sid"], "status": status, "answer": answer})

    def _note(self, told: dict[str, Any]) -> None:
        if self.history:
            with self.lock, self.history.with_suffix(".receipts").open("a", encoding="utf-8") as file:
                file.write(json.dumps(told) + "\n")

    def listed(self, to: str) -> list[dict[str, Any]]:
        with self.lock:
            return [row for row in self.by_number.get(to, ()) if row["at"] <= time.time() - self.lag]


class Handler(BaseHTTPRequestHandler):
    server: "Emulator"
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: object) -> None: ...

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        if where.path == "/__stats":
            return self._json(200, {"faults": self.server.book.faults, "taken": len(self.server.book.taken)})
        if where.path == "/__play":
            asked = parse_qs(where.query)
            self.server.book.play(asked["fault"][0], int(asked["times"][0]))
            return self._json(200, {})
        if where.path == "/__history":
            return self._json(200, {"messages": list(self.server.book.taken)})
        fault = self.server.book.fault(reading=True)
        if fault:
            return self._play(fault)
        if "/Messages/" in where.path:
            return self._one(where.path.rpartition("/")[2].removesuffix(".json"))
        to = parse_qs(where.query).get("To", [""])[0]
        return self._json(200, {"messages": self.server.book.listed(to), "next_page_uri": None, "page": 0})

    def _one(self, sid: str) -> None:
        for row in list(self.server.book.taken):
            if row["sid"] == sid:
                return self._json(200, row)
        return self._json(404, {"code": 20404, "message": "not found", "status": 404})

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if len(body) < size:  # the client died while it was asking
            self.close_connection = True
            return None
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        fault = self.server.book.fault(reading=False)
        if fault.isdigit() and len(fault) == 5:
            return self._json(400, {"code": int(fault), "message": "refused", "status": 400})
        if fault in ("503", "reset", "429", "401"):
            return self._play(fault)
        if fault == "late":  # taken only after the client has given up
            time.sleep(self.server.book.hang)
        row = self.server.book.take(form.get("To", ""), form.get("Body", ""))
        self.server.book.tell(row, form.get("StatusCallback", ""))
        return self._play(fault, row) if fault else self._json(201, row)

    def _play(self, fault: str, row: dict[str, Any] | None = None) -> None:
        self.close_connection = True
        if fault.startswith("503"):
            return self._json(503, {"code": 20503, "message": "unavailable", "status": 503})
        if fault == "429":
            return self._json(429, {"code": 20429, "message": "too many", "status": 429})
        if fault == "401":
            return self._json(401, {"code": 20003, "message": "authenticate", "status": 401})
        if fault.startswith("hang") or fault == "late":
            time.sleep(self.server.book.hang if fault != "late" else 0)
        elif fault == "truncated":
            return self._raw(201, json.dumps(row).encode()[:40])
        elif fault == "dribble":
            return self._dribble()
        linger = struct.pack("ii", 1, 0)  # close with a reset
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return None

    def _dribble(self) -> None:
        self.wfile.write(
            b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
        )
        for _ in range(int(self.server.book.hang / 0.1)):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def _json(self, status: int, content: dict[str, Any]) -> None:
        self._raw(status, json.dumps(content).encode())

    def _raw(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Emulator(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, book: Book) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.book = book

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_args: object) -> None: ...  # clients are killed on purpose


def main(port_file: str, history: str, seed: str, share: str, *more: str) -> None:
    hang, lag, secret = (*more, *("3", "0", "")[len(more) :])
    server = Emulator(Book(float(share), int(seed), Path(history), float(hang), float(lag), secret))
    Path(port_file).write_text(server.url)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
