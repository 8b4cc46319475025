"""The shared templates as code: macros called as functions, pages checked for what every page must hold."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import Babel, get_locale, gettext
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import BooleanField, DecimalField, FileField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired

from app.labels import T, Text

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
CATALOG = ROOT / "app/translations/zh_Hans/LC_MESSAGES/messages.po"

Render = Callable[..., str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The templates with the globals that they may rely on, and nothing behind them."""
    translations = tmp_path_factory.mktemp("translations")
    folder = translations / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with CATALOG.open("rb") as source, (folder / "messages.mo").open("wb") as compiled:
        write_mo(compiled, read_po(source, locale="zh_Hans"))
    site = Flask("site", template_folder=str(TEMPLATES))
    site.config.update(
        SECRET_KEY="x", BABEL_TRANSLATION_DIRECTORIES=str(translations), BABEL_DEFAULT_LOCALE="zh_Hans"
    )
    Babel(site, locale_selector=lambda: "en" if getattr(site, "english", False) else "zh_Hans")
    CSRFProtect(site)
    env = site.jinja_env
    env.finalize = lambda value: value.render(gettext) if isinstance(value, Text) else value
    env.trim_blocks = env.lstrip_blocks = True
    env.globals.update(asset=lambda name: f"/static/build/{name}", get_locale=get_locale)
    return site


@pytest.fixture(params=["zh_Hans", "en"])
def page(request: pytest.FixtureRequest, site: Flask) -> Iterator[Render]:
    """Renders a whole page in each language."""
    site.english = request.param == "en"  # type: ignore[attr-defined]
    entries = [
        SimpleNamespace(label=T(label), url=f"/{i}", icon="home", active=i == 5)
        for i, label in enumerate(["Overview", "Bulletin", "Cases", "Ledgers", "Accounts", "Target"])
    ]
    user = SimpleNamespace(
        is_authenticated=True,
        name="王<建国>",
        role=SimpleNamespace(label=T("Cases")),
        region=None,
        branch=SimpleNamespace(name="城关支行"),
    )
    defaults: dict[str, Any] = {
        "nav": entries,
        "current_user": user,
        "business_date_banner": "2023-12-05",
        "languages": [("zh_Hans", "中文", "?lang=zh_Hans"), ("en", "English", "?lang=en")],
        "get_flashed_messages": lambda **_: [("success", "Done <b>")],
        "csrf_token": lambda: "token",
    }
    with site.test_request_context():
        yield lambda name, **values: site.jinja_env.get_template(name).render({**defaults, **values})
    site.english = False  # type: ignore[attr-defined]


@pytest.fixture
def call(site: Flask) -> Iterator[Render]:
    """``call("table", "td_num(none)")``: what a macro writes."""

    def render(file: str, expression: str, **values: Any) -> str:
        name = re.findall(r"\w+", expression)[0]
        source = f'{{% from "components/{file}.html" import {name} %}}{{{{ {expression} }}}}'
        return site.jinja_env.from_string(source).render(values)

    with site.test_request_context():
        yield render


class Elements(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str]:
        return [attrs[attribute] or "" for _, attrs in self.all if attribute in attrs]

    @property
    def links(self) -> list[str]:
        return [attrs["href"] or "" for tag, attrs in self.all if tag == "a"]


class Form(FlaskForm):  # type: ignore[misc]
    username = StringField("用户名", [InputRequired("请填写用户名。")], description="拼音")
    amount = DecimalField("金额")
    password = PasswordField("密码", [InputRequired()])
    remember = BooleanField("记住")
    who = RadioField("联系对象", [InputRequired("请选择。")], choices=["self", "none"])
    ledger = FileField("台账", [InputRequired("请选择文件。")])


# Numbers


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("td_num(none)", '<td class="num">—</td>'),
        ("td_num(0)", '<td class="num">0</td>'),
        ("td_num('0.00', '/loans?a=1&b=2')", '<td class="num"><a href="/loans?a=1&amp;b=2">0.00</a></td>'),
        ("td_num(none, '/loans')", '<td class="num">—</td>'),
        ("td_num('<b>')", '<td class="num">&lt;b&gt;</td>'),
        ("td_num(7, flagged=true, label='天')", '<td class="num is-flagged" data-label="天">7</td>'),
    ],
)
def test_a_number_cell_never_shows_a_0_that_was_not_measured(
    call: Render, expression: str, expected: str
) -> None:
    assert call("table", expression) == expected


@pytest.mark.parametrize(
    ("part", "whole", "width"),
    [(1, 4, "25.00"), (0, 4, "0.00"), (9, 4, "100.00"), (-1, 4, "0.00"), (3, 0, "0.00")],
)
def test_a_bar_stays_within_its_track(call: Render, part: int, whole: int, width: str) -> None:
    html = call("figures", "bar(part, whole)", part=part, whole=whole)
    assert f'class="fill" width="{width}"' in html


def test_a_figure_is_a_link_only_when_it_has_loans_to_show(call: Render) -> None:
    assert call("figures", "figure_tile('Overdue', '235.15', href='/x')").startswith(
        '<a class="figure" href="/x">'
    )
    plain = call("figures", "figure_tile('Rate', none, '%')")
    assert plain.startswith("<div") and "—" in plain and "%" not in plain


def test_a_chart_is_hidden_until_it_can_be_drawn_and_names_its_table(call: Render) -> None:
    html = call("figures", "chart('t', 'stock', [2, 3], names=['a', 'b'])")
    assert 'hidden data-chart="bar" data-table="stock" data-columns="2 3" data-names="a|b"' in html


# Forms


def test_a_field_in_error_is_tied_to_its_help_and_its_error(site: Flask, call: Render) -> None:
    with site.test_request_context(method="POST", data={}):
        form = Form()
        form.validate()
        html = call("form", "form_field(form.username, autocomplete='username')", form=form)
    found = Elements(html)
    [(_, field)] = [e for e in found.all if e[0] == "input"]
    assert field["aria-describedby"] == "username-help username-error"
    assert field["aria-invalid"] == "true" and field["autocomplete"] == "username"
    assert {"username-help", "username-error"} <= set(found.values("id"))
    assert "请填写用户名。" in html and "选填" not in html


def test_a_field_that_may_stay_empty_says_so_and_one_without_error_claims_none(
    site: Flask, call: Render
) -> None:
    with site.test_request_context():
        html = call("form", "form_field(form.amount, unit='万元')", form=Form())
    assert "（选填）" in html and "万元" in html
    assert "aria-invalid" not in html and "aria-describedby" not in html


def test_choices_are_a_fieldset_with_a_legend(site: Flask, call: Render) -> None:
    with site.test_request_context(method="POST", data={"who": "none"}):
        html = call("form", "form_field(form.who)", form=Form())
    assert '<fieldset class="field" id="who"' in html and "<legend>联系对象</legend>" in html
    assert re.search(r'value="none" checked', html) and not re.search(r'value="self" checked', html)


def test_a_checkbox_has_its_words_as_label(site: Flask, call: Render) -> None:
    with site.test_request_context():
        html = call("form", "form_field(form.remember)", form=Form())
    assert re.search(
        r'<label class="choice"><input [^>]*type="checkbox"[^>]*><span>记住</span></label>', html
    )
    assert "选填" not in html


def test_the_summary_links_to_each_wrong_field_and_is_absent_without_any(site: Flask, call: Render) -> None:
    with site.test_request_context():
        assert call("form", "form_errors(form)", form=Form()) == ""
    with site.test_request_context(method="POST", data={"password": "x"}):
        form = Form()
        form.validate()
        form.form_errors.append("<整张表>")
        html = call("form", "form_errors(form)", form=form)
    assert Elements(html).links == ["#username", "#who", "#ledger"]
    assert "&lt;整张表&gt;" in html and 'role="alert"' in html and 'tabindex="-1"' in html


def test_a_file_field_works_as_a_plain_input(site: Flask, call: Render) -> None:
    with site.test_request_context(method="POST", data={}):
        form = Form()
        form.validate()
        html = call("form", "file_drop(form.ledger, '.xlsx,.csv', help='h')", form=form)
    [(_, field)] = [e for e in Elements(html).all if e[0] == "input"]
    assert field["type"] == "file" and field["accept"] == ".xlsx,.csv" and field["id"] == "ledger"
    assert field["aria-describedby"] == "ledger-help ledger-error"


@pytest.mark.parametrize(
    ("file", "expression"),
    [
        ("form", "post_button('x', '/x')"),
        ("form", "confirm('x', 'sure?', '/x', 'yes')"),
        ("case", "masked('138****1234', '/x', '')"),
    ],
)
def test_whatever_posts_carries_the_token(call: Render, file: str, expression: str) -> None:
    html = call(file, expression)
    assert 'method="post"' in html and re.search(r'name="csrf_token" value="[^"]{20,}"', html)


# Lists, steps, findings


def test_the_pager_offers_only_pages_that_exist(call: Render) -> None:
    assert "<a" not in call("table", "pager({'first_url': none, 'next_url': none}, '3')")
    assert Elements(call("table", "pager({'first_url': '/a', 'next_url': '/b'})")).links == ["/a", "/b"]


def test_a_masked_value_can_be_asked_for_only_with_an_address(call: Render) -> None:
    assert "<form" not in call("case", "masked('138****1234')")
    assert call("case", "masked('', '/x')").count("—") == 1 and "<form" not in call(
        "case", "masked(none, '/x')"
    )


def test_a_finding_strikes_out_only_what_has_a_right_value(call: Render) -> None:
    assert "<del>0%</del>" in call("case", "finding('老厂乡', found='0%', expected='0.84%')")
    assert "<del>" not in call("case", "finding('第 3 行', 'why', found='5E+17')")
    assert "（空）" in call("case", "finding('第 3 行', 'why', found='')")


def test_steps_mark_what_is_done_and_what_is_now(call: Render) -> None:
    html = call("page", "steps(['a', 'b', 'c'], 2)")
    assert re.findall(r"<li([^>]*)>", html) == [' class="is-done"', ' aria-current="step"', ""]


def test_only_failures_interrupt_a_reader(call: Render) -> None:
    assert 'role="alert"' in call("page", "notice('x', 'danger')")
    assert 'role="status"' in call("page", "notice('x', 'warn')")


def test_a_flash_keeps_its_category_and_is_escaped(call: Render) -> None:
    html = call("page", "flashes([('success', 'a'), ('error', '<b>'), ('whatever', 'c')])")
    assert re.findall(r"notice tone-(\w+)", html) == ["good", "danger", "accent"] and "&lt;b&gt;" in html
    assert call("page", "flashes([])") == ""


def test_progress_polls_only_when_there_is_something_to_ask(call: Render) -> None:
    assert 'hx-get="/p"' in call("progress", "progress(42, 'x', '/p')")
    done = call("progress", "progress_body(100, 'x')")
    assert "hx-get" not in done and '<progress max="100" value="100"' in done


# Whole pages


@pytest.mark.parametrize("template", ["styleguide.html", "accounts/login.html", "errors/error.html"])
def test_a_page_holds_together(page: Render, template: str) -> None:
    found = Elements(page(template, form=Form(), code=404, sentence=T("Nothing is here")))
    ids = found.values("id")
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in found.all].count("h1") == 1 and [tag for tag, _ in found.all].count("main") == 1
    for attribute in ("for", "aria-describedby", "aria-labelledby"):
        for value in found.values(attribute):
            assert set(value.split()) <= set(ids), (attribute, value)
    assert all(attrs.get("alt") is not None for tag, attrs in found.all if tag == "img")


def test_the_dock_holds_four_entries_and_more(page: Render) -> None:
    html = page("styleguide.html")
    dock = html[html.index('<nav class="dock"') :]
    assert len(Elements(dock[: dock.index("<details")]).links) == 4
    assert 'class="menu is-current"' in dock  # the active entry is one of those behind "more"
    assert "王&lt;建国&gt;" in html and "城关支行" in html and "Done &lt;b&gt;" in html


def test_an_error_page_needs_neither_navigation_nor_user(page: Render) -> None:
    html = page(
        "errors/error.html", code=500, sentence="x", nav=[], current_user=None, business_date_banner=None
    )
    assert "500" in html and "<nav" not in html
