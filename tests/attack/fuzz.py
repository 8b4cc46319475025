"""Every page by every role, then their forms, addresses and numbers with anything in them."""

import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from werkzeug.routing import Rule

from tests.attack.payloads import PATHS, TEXTS, field
from tests.attack.victim import Form, Log, Victim, Visitor, read

# What would only end the attacker's own visit, or change the password by which all sign in.
NOT_SENT = re.compile(r"log-?out|sign-?out|password|/sessions|/factor|/accounts|/me(/|$)|welcome|language")
WRITES = ("POST", "PUT", "DELETE", "PATCH")
AT_ONCE = 6


def fill(rng: random.Random, rule: Rule) -> str:
    """The rule's path with something in each of its places."""
    return re.sub(r"<(?:[^:<>]+:)?[^<>]+>", lambda _: rng.choice(PATHS), str(rule.rule))


def walk(visitor: Visitor, most: int) -> tuple[list[Form], set[str]]:
    """Follow the links from the first page; the forms and addresses that were seen."""
    waiting, seen, forms = ["/"], {"/"}, []
    shapes: set[str] = set()
    while waiting and len(seen) < most:
        answer = visitor.ask("GET", waiting.pop(0), kind="walk")
        if not answer.is_page:
            continue
        found = read(answer.text)
        forms += [form for form in found.forms if not NOT_SENT.search(form.action)]
        for link in sorted(found.links - seen):
            shape = re.sub(r"\d+", "0", link)
            if NOT_SENT.search(link) or shape in shapes:
                continue
            shapes.add(shape)
            seen.add(link)
            waiting.append(link)
    return forms, seen


def strangers(victim: Victim, log: Log, app: Flask) -> None:
    """Every route without a sign-in, and every write without its token."""
    nobody = Visitor(victim.address, log)
    nobody.name = "nobody"
    office = Visitor(victim.address, log).sign_in("office")
    rng = random.Random(1)
    public = {"accounts.login", "accounts.language", "callbacks.receipt", "callbacks.inbound"}
    for rule in app.url_map.iter_rules():
        path = fill(rng, rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = nobody.ask(method, path, b"" if method == "POST" else None, kind="stranger")
            if answer.status == 200 and not str(rule.endpoint).startswith(("static", "accounts.", "health.")):
                log.find(f"stranger: {method} {path} is open ({rule.endpoint})")
            if (
                method in WRITES
                and rule.endpoint not in public
                and not str(rule.endpoint).startswith("accounts.")
            ):
                refused = office.send(path, [], "without token", token=False)
                if refused.status not in (0, 400, 404, 403, 405, 413, 422):
                    log.find(f"without token: {method} {path} answered {refused.status} ({rule.endpoint})")


def fuzz(victim: Victim, log: Log, app: Flask, requests: int, seed: int) -> None:
    """About ``requests`` requests, shared among the roles."""
    people = victim.visitors(log)
    material = {name: walk(visitor, 120) for name, visitor in people.items()}
    rules = list(app.url_map.iter_rules())
    each = max(1, requests // (len(people) * AT_ONCE))

    def work(name: str, number: int) -> None:
        rng = random.Random(f"{seed} {name} {number}")
        visitor = Visitor(victim.address, log).sign_in(name)
        forms, links = material[name]
        ways: list[Callable[[], object]] = [
            lambda: _path(visitor, rng, rules),
            lambda: _query(visitor, rng, links),
        ]
        if forms:
            ways += [lambda: _form(visitor, rng, forms)] * 2
        for turn in range(each):
            rng.choice(ways)()
            if turn % 40 == 39 and visitor.ask("GET", "/").status == 302:
                visitor.sign_in(name)

    for name in people:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in [pool.submit(work, name, number) for number in range(AT_ONCE)]:
                done.result()


def _path(visitor: Visitor, rng: random.Random, rules: list[Rule]) -> None:
    rule = rng.choice(rules)
    if NOT_SENT.search(str(rule.rule)):
        return
    method = rng.choice(sorted((rule.methods or {"GET"}) - {"OPTIONS"}))
    if method in WRITES:
        visitor.send(
            fill(rng, rule), [(rng.choice(("id", "reason", "text", "month")), rng.choice(TEXTS))], "path"
        )
    else:
        visitor.ask(method, fill(rng, rule), kind="path")


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, encoding="utf-8", errors="surrogatepass")


def _query(visitor: Visitor, rng: random.Random, links: set[str]) -> None:
    parted = urlsplit(rng.choice(sorted(links)))
    pairs = [pair for name, value in parse_qsl(parted.query) for pair in field(rng, name, value)]
    extra = rng.choice(
        ("month", "region", "after", "page", "lang", "state", "next", "day", "township", "id", "q")
    )
    pairs.append((extra, rng.choice(TEXTS)[:2000]))
    visitor.ask("GET", f"{parted.path}?{_encoded(pairs)[:6000]}", kind="query")


def _form(visitor: Visitor, rng: random.Random, forms: list[Form]) -> None:
    form = rng.choice(forms)
    pairs = [pair for name, value in form.fields for pair in field(rng, name, value)]
    path = form.action or "/"
    if form.method == "get":
        visitor.ask("GET", f"{path}?{_encoded(pairs)[:6000]}", kind="form")
    else:
        visitor.send(path, pairs, "form")
