"""A page as a test reads it: its tables by id, row by row, each cell with its text and its links."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask.testing import FlaskClient

SPACE = re.compile(r"\s+")


@dataclass
class Cell:
    text: str = ""
    hrefs: list[str] = field(default_factory=list)
    value: str | None = None

    @property
    def number(self) -> str:
        """What the cell says by itself, without what a published text prints instead."""
        return self.value if self.value is not None else self.text


@dataclass
class Row:
    cells: list[Cell] = field(default_factory=list)
    total: bool = False

    @property
    def name(self) -> str:
        return self.cells[0].text

    @property
    def numbers(self) -> list[str]:
        return [cell.number for cell in self.cells[1:]]


class Page(HTMLParser):
    """Reads a whole page at once. ``tables`` has the rows of each table's body."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tables: dict[str, list[Row]] = {}
        self.hrefs: list[str] = []
        self.ids: list[str] = []
        self._table, self._in_body = "", False
        self._cell: Cell | None = None
        self.feed(html)
        for row in (row for rows in self.tables.values() for row in rows):
            for cell in row.cells:
                cell.text = SPACE.sub(" ", cell.text).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.hrefs.append(str(given.get("href")))
            if self._cell is not None:
                self._cell.hrefs.append(str(given.get("href")))
        elif tag == "table":
            self._table = str(given.get("id"))
            self.tables[self._table] = []
        elif tag == "tbody":
            self._in_body = True
        elif tag == "tr" and self._in_body:
            self.tables[self._table].append(Row(total="data-total" in given))
        elif tag in ("td", "th") and self._in_body:
            self._cell = Cell(value=given.get("data-value"))
            self.tables[self._table][-1].cells.append(self._cell)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = None
        elif tag == "tbody":
            self._in_body = False

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.text += data


def arguments(href: str) -> dict[str, str]:
    """The query of an address."""
    return dict(parse_qsl(urlsplit(href).query))


def read(client: FlaskClient, path: str, status: int = 200) -> Page:
    answer = client.get(path)
    assert answer.status_code == status, f"{path}: {answer.status_code}"
    return Page(answer.text)


def token(page: Page) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.html)
    assert found
    return found[1]


def send(client: FlaskClient, path: str, status: int, **data: Any) -> Page:
    answer = client.post(path, data={"csrf_token": token(read(client, path)), **data})
    assert answer.status_code == status, answer.text[:2000]
    return Page(answer.text)
