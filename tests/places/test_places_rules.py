"""Finding a place by what people write: certain, or offered to a person, or neither."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.places.rules import (
    SHIPPED,
    Level,
    Place,
    PlaceIndex,
    level_of,
    parent_code,
    read_places,
    shipped,
    stem,
)

LUOPING = shipped("530324")
PUBLISHED = [
    *("罗雄街道", "腊山街道", "九龙街道", "板桥镇", "马街镇", "富乐镇", "阿岗镇", "大水井乡"),
    *("鲁布革乡", "旧屋基乡", "钟山乡", "长底乡", "老厂乡"),
]


def found(text: str, within: str = "530324") -> str | None:
    place = LUOPING.find(text, within)
    return place.short if place else None


def suggested(text: str, within: str = "530324") -> str | None:
    place = LUOPING.suggest(text, within)
    return place.short if place else None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "乡",
            "镇",
            "街道",
            "街道办事处",
            "罗",
            "罗平",
            "罗平县",
            "合计",
            "1",
            "530324106",
            "不知道",
        ),
        *("水井乡", "乐镇", "岗镇"),  # cut in front
        *("鲁布革布依", "长底布依", "旧屋基彝"),  # cut behind
        *("阿冈镇", "老厂镇"),  # mistyped
        "阿岗镇、老厂乡",
        "阿岗镇老厂乡",  # two townships in one cell: neither
        "老厂乡罗平县",  # a place above comes in front, not behind
        "昆明市阿岗镇",  # another place's township
        "罗平县罗平县",
    ],
)
def test_what_is_not_certain_is_not_found(text: str) -> None:
    assert found(text) is None


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("阿岗", "阿岗镇"),  # short
        ("阿岗乡", "阿岗镇"),  # as it was once called
        ("罗雄镇", "罗雄街道"),
        ("九龙镇", "九龙街道"),
        ("罗雄", "罗雄街道"),
        ("罗雄街道办事处", "罗雄街道"),
        ("鲁布革布依族苗族乡", "鲁布革乡"),  # official
        ("鲁布革乡", "鲁布革乡"),  # as printed
        ("鲁布革", "鲁布革乡"),
        ("旧屋基彝族乡", "旧屋基乡"),
        ("旧屋基", "旧屋基乡"),
        ("长底布依族乡", "长底乡"),
        ("长底布依族", "长底乡"),
        (" 大 水\u3000井\n乡 ", "大水井乡"),  # spaces of every width
        ("罗平县阿岗镇", "阿岗镇"),
        ("罗平县阿岗", "阿岗镇"),
        ("罗平阿岗镇", "阿岗镇"),
        ("曲靖市罗平县阿岗镇", "阿岗镇"),
        ("云南省 曲靖市 罗平县 罗雄街道", "罗雄街道"),
        ("云南曲靖罗平老厂", "老厂乡"),
    ],
)
def test_what_is_certain_is_found(text: str, short: str) -> None:
    assert found(text) == short


@pytest.mark.parametrize("text", ["", "乡", "街道", "罗", "井", "不知道", "山"])
def test_nothing_is_suggested_where_it_could_be_several_or_none(text: str) -> None:
    assert suggested(text) is None


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("水井乡", "大水井乡"),  # both of the published page
        ("乐镇", "富乐镇"),
        ("井乡", "大水井乡"),
        ("大水", "大水井乡"),
        ("鲁布革布依", "鲁布革乡"),
        ("布依族苗族乡", "鲁布革乡"),
        ("旧屋基彝", "旧屋基乡"),
        ("阿冈镇", "阿岗镇"),  # one character wrong
        ("老厂镇", "老厂乡"),
        ("大水并乡", "大水井乡"),
    ],
)
def test_a_cut_or_mistyped_name_is_offered(text: str, short: str) -> None:
    assert found(text) is None
    assert suggested(text) == short


def test_two_candidates_are_not_a_suggestion() -> None:
    places = PlaceIndex(
        Place(code, Level.TOWNSHIP, name, name)
        for code, name in (("530324101", "上井乡"), ("530324102", "下井乡"))
    )
    assert places.suggest("井乡") is None


def test_the_same_name_twice_is_certain_only_within_one_county() -> None:
    places = PlaceIndex(
        [
            Place("530301", Level.COUNTY, "麒麟区", "麒麟区"),
            Place("530324", Level.COUNTY, "罗平县", "罗平县"),
            Place("530301101", Level.TOWNSHIP, "板桥镇", "板桥镇"),
            Place("530324102", Level.TOWNSHIP, "板桥镇", "板桥镇"),
        ]
    )
    assert places.find("板桥镇") is None
    assert places.find("板桥镇", within="530324") == places["530324102"]
    assert places.find("麒麟区板桥镇") == places["530301101"]  # the name in front tells which
    assert places.find("麒麟区板桥镇", within="530324") is None


def test_a_level_is_kept_to() -> None:
    assert LUOPING.find("罗平县") is None
    assert LUOPING.find("罗平县", level=Level.COUNTY) == LUOPING["530324"]
    assert LUOPING.find("罗平", level=None) == LUOPING["530324"]


def test_the_names_the_bulletin_prints_are_all_found() -> None:
    assert [found(name) for name in PUBLISHED] == PUBLISHED


def test_children_are_one_level_below_and_in_the_order_of_their_codes() -> None:
    assert [p.short for p in LUOPING.children("530324")] == PUBLISHED
    assert [p.code for p in LUOPING.children("53")] == ["5303"]
    assert LUOPING.children("530324106") == [] == LUOPING.children("44")


@given(st.text(max_size=12), st.sampled_from(["", "53", "530324", "44"]))
def test_any_text_gets_an_answer_and_no_surprise(text: str, within: str) -> None:
    for place in (LUOPING.find(text, within), LUOPING.suggest(text, within)):
        assert place is None or (place.code.startswith(within) and place.level is Level.TOWNSHIP)


@given(st.sampled_from(list(LUOPING)), st.sampled_from(["", "罗平县", "曲靖市罗平县", "云南省 曲靖 罗平县 "]))
def test_every_name_of_every_township_finds_it(place: Place, prefix: str) -> None:
    if place.level is Level.TOWNSHIP:
        for name in (place.name, place.short, stem(place.name), stem(place.short), *place.aliases):
            assert LUOPING.find(prefix + name, "530324") == place


@pytest.mark.parametrize("code", ["", "5", "530", "53032", "53a", "5303241", "５３", "530324 ", "-1"])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(ValueError, match="no statistical code"):
        level_of(code)


@pytest.mark.parametrize(
    ("code", "level", "above"),
    [
        ("53", Level.PROVINCE, None),
        ("5303", Level.PREFECTURE, "53"),
        ("530324", Level.COUNTY, "5303"),
        ("530324106", Level.TOWNSHIP, "530324"),
        ("530324106201", Level.VILLAGE, "530324106"),
    ],
)
def test_a_code_tells_its_level_and_the_place_above(code: str, level: Level, above: str | None) -> None:
    assert (level_of(code), parent_code(code)) == (level, above)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("阿岗镇", "阿岗"),
        ("罗雄街道办事处", "罗雄"),
        ("罗雄街道", "罗雄"),
        ("乡", "乡"),
        ("街道", "街道"),
        ("", ""),
    ],
)
def test_stem(name: str, short: str) -> None:
    assert stem(name) == short


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "not json",
        '{"places": [{"name": "阿岗镇"}]}',
        '{"places": [{"code": "530324106"}]}',
        '{"places": [{"code": 530324106, "name": "阿岗镇"}]}',
        '{"places": [{"code": "53032", "name": "阿岗镇"}]}',
        '{"places": ["阿岗镇"]}',
    ],
)
def test_a_wrong_file_of_places_is_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "county.json"
    path.write_text(content, "utf-8")
    with pytest.raises(ValueError, match=r"not a list of places|no statistical code"):
        read_places(path)


def test_a_file_in_another_encoding_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "county.json"
    path.write_bytes('{"places": [{"code": "53", "name": "云南省"}]}'.encode("gb18030"))
    with pytest.raises(ValueError, match=r"county\.json"):
        read_places(path)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.json")), ids=lambda path: path.stem)
def test_every_shipped_county_is_a_tree_without_two_of_a_name(path: Path) -> None:
    places = read_places(path)
    codes = {place.code for place in places}
    index = PlaceIndex(places)
    assert len(codes) == len(places) == len(json.loads(path.read_text("utf-8"))["places"])
    for place in places:
        assert parent_code(place.code) is None or parent_code(place.code) in codes
        assert (
            index.find(place.name, level=place.level) == index.find(place.short, level=place.level) == place
        )
