"""The instance that is attacked: the demonstration county behind gunicorn as it is deployed, and people at it."""

import http.client
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from threading import Lock
from urllib.parse import quote, urlencode, urlsplit

from tests.browser.server import HOST, Site
from tests.conftest import Instances

USERS = ("office", "leader", "agang", "agang-bank", "auditor", "admin")
PASSWORD = "qingshou-2023"
SECONDS = 30
OF_THE_SERVER = (400, 414, 431)  # gunicorn may answer so itself: it never reaches the program
MARK = "qsx7"  # what the attack plants can be found by it
_TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
_TRACE = re.compile(r"Traceback \(most recent|sqlalchemy\.exc|sqlite3\.|psycopg\.|werkzeug\.routing|File \"/")
_RAW = re.compile(rf"<(?:script|img|svg)[^>]*{MARK}")


@dataclass
class Answer:
    status: int
    heads: http.client.HTTPMessage
    text: str
    ms: float

    @property
    def is_page(self) -> bool:
        return self.heads.get_content_type() == "text/html"


@dataclass
class Log:
    """What was tried and what is wrong; shared by all who attack."""

    tried: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def find(self, what: str) -> None:
        with self.lock:
            if len(self.findings) < 200 and what not in self.findings:
                self.findings.append(what)

    def judge(self, kind: str, request: str, answer: Answer, allowed: tuple[int, ...] = ()) -> None:
        """Everything that no answer may ever show."""
        with self.lock:
            self.tried[kind] += 1
            self.statuses[answer.status] += 1
            self.times.append(answer.ms)
        said = f"{kind}: {request[:300]} -> {answer.status}"
        later = answer.status == 503 and "Retry-After" in answer.heads  # the page for a database that is busy
        if answer.status >= 500 and answer.status not in allowed and not later:
            self.find(said)
        if _TRACE.search(answer.text):
            self.find(f"{said}: details of the program in the page")
        if answer.is_page and answer.status not in OF_THE_SERVER:
            if _RAW.search(answer.text):
                self.find(f"{said}: what was typed stands in the page as markup")
            policy = answer.heads.get("Content-Security-Policy", "")
            if "default-src" not in policy or "unsafe" in policy:
                self.find(f"{said}: no strict Content-Security-Policy: {policy!r}")
        if any("\r" in value or "\n" in value for value in answer.heads.values()):
            self.find(f"{said}: a header of two lines")
        to = answer.heads.get("Location", "")
        if to and (urlsplit(to).netloc.partition(":")[0] not in ("", HOST) or to.startswith("/\\")):
            self.find(f"{said}: sent to {to}")


class Visitor:
    """One browser: cookies, and nothing that the standard library would refuse to send."""

    def __init__(self, address: str, log: Log) -> None:
        self.port, self.log = int(address.rpartition(":")[2]), log
        self.cookies: dict[str, str] = {}
        self.token = ""
        self.name = ""

    def ask(
        self, method: str, path: str, body: bytes | None = None, heads: dict[str, str] | None = None,
        kind: str = "walk", allowed: tuple[int, ...] = (),
    ) -> Answer:  # fmt: skip
        """One request, judged. A connection that breaks without an answer is a finding, except for refused bodies."""
        sent = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} if self.cookies else {}
        sent |= heads or {}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=SECONDS)
        start = time.perf_counter()
        try:
            connection.request(method, quote(path, safe="/?&=%~+:,;@!$'()*-._[]"), body, sent)
            got = connection.getresponse()
            text = got.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as broken:
            self.log.find(f"{kind}: {method} {path[:200]}: no answer ({type(broken).__name__})")
            return Answer(0, http.client.HTTPMessage(), "", 0.0)
        finally:
            connection.close()
        answer = Answer(got.status, got.msg, text, (time.perf_counter() - start) * 1000)
        for cookie in got.msg.get_all("Set-Cookie") or ():
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if name == "session" and not ("HttpOnly" in cookie and "SameSite" in cookie):
                self.log.find(f"a session cookie without its guards: {cookie.partition(';')[2]}")
        if found := _TOKEN.search(text):
            self.token = found[1]
        self.log.judge(kind, f"{self.name} {method} {path}", answer, allowed)
        return answer

    def send(self, path: str, fields: list[tuple[str, str]], kind: str, token: bool = True) -> Answer:
        filled = [*fields, ("csrf_token", self.token)] if token else fields
        body = urlencode(filled, encoding="utf-8", errors="surrogatepass").encode("ascii")
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"}, kind)

    def sign_in(self, name: str) -> "Visitor":
        self.name, self.cookies = name, {}
        self.ask("GET", "/login", kind="sign in")
        self.send("/login", [("username", name), ("password", PASSWORD)], "sign in")
        if self.ask("GET", "/?x=1", kind="sign in").status not in (200, 302):
            raise RuntimeError(f"{name} cannot sign in")
        return self


@dataclass(frozen=True)
class Form:
    """A form as a page shows it: where it goes, and its fields with what stands in them."""

    action: str
    method: str
    fields: tuple[tuple[str, str], ...]
    upload: bool = False


class Forms(HTMLParser):
    """The forms and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: set[str] = set()
        self._open: list[tuple[str, str]] | None = None
        self._where = ("", "get")
        self._upload = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        if tag == "a" and at.get("href", "").startswith("/"):
            self.links.add(at["href"].partition("#")[0])
        if tag == "form":
            self._open, self._where = [], (at.get("action", ""), at.get("method", "get").lower())
            self._upload = "multipart" in at.get("enctype", "")
        elif self._open is not None and at.get("name"):
            if tag in ("input", "textarea", "button"):
                self._open.append((at["name"], at.get("value", "")))
            elif tag == "select":
                self._select = at["name"]
        if tag == "option" and self._select and self._open is not None:
            self._open.append((self._select, at.get("value", "")))
            self._select = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open is not None:
            fields = tuple((name, value) for name, value in self._open if name != "csrf_token")
            self.forms.append(Form(*self._where, fields, self._upload))
            self._open = None


def read(page: str) -> Forms:
    parser = Forms()
    parser.feed(page)
    return parser


def _demonstration() -> None:
    from flask import current_app

    from app.demo.load import load_demo

    load_demo(current_app, lambda *_: None)


class Victim:
    """The site with a county in it."""

    def __init__(self, instances: Instances, kind: str, **environment: str) -> None:
        self.instances = instances
        self.settings = instances.make(kind, "demo", _demonstration)
        url = {"DATABASE_URL": self.settings.database_url} if kind == "postgresql" else {}
        self.site = Site(
            self.settings, WEB_CONCURRENCY="2", QINGSHOU_NOW="2023-12-05T09:30", **url, **environment
        )

    @property
    def address(self) -> str:
        return self.site.address

    def visitors(self, log: Log) -> dict[str, Visitor]:
        return {name: Visitor(self.address, log).sign_in(name) for name in USERS}

    def stop(self) -> str:
        """What the server said in its log."""
        said = self.site.log()
        self.site.stop()
        return said
