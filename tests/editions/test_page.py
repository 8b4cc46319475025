"""The web page: whole, without a script, each figure named and linked, good to print."""

from html.parser import HTMLParser

import pytest

from app.editions import page
from app.editions.readers import READERS
from tests.editions.sample import CORRECTION, bulletin, published

VOID = {"meta", "br"}


class Nesting(HTMLParser):
    """Complains about what is not closed in order, and keeps what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(content: bytes) -> Nesting:
    found = Nesting()
    found.feed(content.decode())
    assert found.open == []
    return found


def test_it_is_one_whole_page_without_script_or_file_beside_it() -> None:
    found = read(
        page.write(
            published(corrections=(CORRECTION,)),
            lambda code, figure: f"https://q.example/{code}?f={figure}&x",
        )
    )
    tags = {tag for tag, _ in found.seen}
    assert not tags & {"script", "link", "img", "iframe", "form"}
    assert not any(name.startswith("on") or name == "style" for _, attrs in found.seen for name in attrs)
    assert {"style", "h1", "h2", "table", "caption", "thead", "tfoot"} <= tags
    assert dict(found.seen[0][1]) == {"lang": "zh-Hans"}


def test_every_figure_of_a_row_is_named_and_linked() -> None:
    content = page.write(
        bulletin(), lambda code, figure: f"/{code}/{figure}" if figure != "target_wan" else None
    )
    links = {
        attrs["data-figure"]: attrs.get("href") for _, attrs in read(content).seen if "data-figure" in attrs
    }
    assert links["530324106.overdue_rate_pct"] == "/530324106/overdue_rate_pct"
    assert links["530324.stock_wan"] == "/530324/stock_wan"
    assert links["530324106.target_wan"] is None
    assert len(links) == 14 * 10  # thirteen townships and the county


def test_without_an_address_there_are_no_links() -> None:
    assert not [
        attrs for tag, attrs in read(page.write(bulletin())).seen if tag == "a" and "data-figure" in attrs
    ]


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '" onclick="x', "&amp;", "]]>"])
def test_words_are_only_words(words: str) -> None:
    content = page.write(bulletin(title=words, signatory=words, copies_to=words))
    assert "script" not in {tag for tag, _ in read(content).seen}
    assert words in READERS["bulletin.html"](content).prose


def test_a_draft_says_so() -> None:
    assert "草稿".encode() in page.write(bulletin())
    assert "草稿".encode() not in page.write(published())
