"""Places in the database: loaded from a file, added by hand, and learning the names that people write."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit import AuditEntry
from app.places.actions import PlacesRefused, add_alias, add_township, lender_named, load_places
from app.places.models import Branch, Lender, Region, RegionAlias
from app.places.queries import children, counties, names_of, place_index, townships, within
from app.places.rules import Level, Place, shipped

LUOPING, AGANG, LAOCHANG = "530324", "530324106", "530324206"


def town(code: str, name: str, *aliases: str, short: str = "") -> Place:
    return Place(code, Level.TOWNSHIP, name, short or name, aliases)


def actions_recorded(session: Session, action: str) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_a_place_without_the_one_above_is_refused_and_named(session: Session) -> None:
    with pytest.raises(PlacesRefused, match=r"某镇 \(530325101\)"):
        load_places(session, [town("530325101", "某镇")])


def test_two_townships_of_one_name_in_a_county_are_refused(session: Session) -> None:
    with pytest.raises(PlacesRefused):
        load_places(session, [town("530324999", "阿岗镇")])


def test_loading_again_changes_nothing(session: Session) -> None:
    before = session.scalar(select(func.count()).select_from(RegionAlias))
    assert load_places(session, shipped(LUOPING)) == (0, 0)
    assert session.scalar(select(func.count()).select_from(RegionAlias)) == before
    assert len(actions_recorded(session, "places.load")) == 1


def test_a_renamed_place_is_changed_and_told(session: Session) -> None:
    assert load_places(session, [town(AGANG, "阿岗街道", "阿岗镇")], actor="office") == (0, 1)
    assert session.get_one(Region, AGANG).name == "阿岗街道"
    assert place_index(session).find("阿岗镇") == place_index(session)[AGANG]  # the old name still counts
    last = actions_recorded(session, "places.load")[-1]
    assert (last.actor, last.detail) == ("office", {"new": 0, "changed": 1})


def test_places_come_in_any_order(session: Session) -> None:
    places = [
        town("530325101", "某镇"),
        Place("530325", Level.COUNTY, "富源县", "富源县"),
        Place("530325101201", Level.VILLAGE, "某村", "某村"),
    ]
    assert load_places(session, places) == (3, 0)
    assert [region.code for region in counties(session)] == [LUOPING, "530325"]


def test_a_person_cannot_give_a_township_the_name_of_another(session: Session) -> None:
    """The name would mean neither from then on, and every row that has it would be refused."""
    for name in ("阿岗镇", "阿岗", "阿岗乡", " 阿岗 镇 ", "罗平县阿岗镇"):
        with pytest.raises(PlacesRefused, match="is a name of 阿岗镇 already"):
            add_alias(session, LAOCHANG, name, "office")
    assert place_index(session).find("阿岗镇") == place_index(session)[AGANG]


def test_a_name_accepted_once_is_known_from_then_on_and_recorded(session: Session) -> None:
    assert place_index(session).find("水井乡") is None
    for _ in range(2):
        add_alias(session, "530324201", "水井乡", "office")
    session.commit()
    found = place_index(session, LUOPING).find("水井乡", LUOPING)
    assert found is not None and found.short == "大水井乡"
    assert names_of(session, "530324201") == ["水井乡"]
    (entry,) = actions_recorded(session, "places.alias")
    assert (entry.actor, entry.entity_id, entry.detail) == ("office", "530324201", {"alias": "水井乡"})


@pytest.mark.parametrize("db_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("", "", "Give the name"),
        ("  ", "", "Give the name"),
        ("阿岗镇", "", "阿岗镇 already"),
        ("鲁布革乡", "", "鲁布革乡 already"),  # its short name
        ("鲁布革布依族苗族乡", "", "鲁布革乡 already"),
        ("罗雄镇", "", "罗雄街道 already"),  # an alias
        ("阿岗", "", "阿岗镇 already"),  # the same without its kind
        ("新镇", "530325101", "begins with 530324"),
        ("新镇", "53032410", "nine digits"),
        ("新镇", "53032410a", "nine digits"),
        ("新镇", AGANG, "is taken"),
    ],
)
def test_a_township_that_cannot_be_added(session: Session, name: str, code: str, told: str) -> None:
    with pytest.raises(PlacesRefused, match=told):
        add_township(session, LUOPING, name, code, "office")


def test_a_township_is_added_with_its_code_or_a_provisional_one(session: Session) -> None:
    with_code = add_township(session, LUOPING, " 新镇 ", "530324107", "office")
    assert (with_code.code, with_code.name, with_code.provisional) == ("530324107", "新镇", False)
    first, second = (add_township(session, LUOPING, name, "", "office") for name in ("甲乡", "乙乡"))
    assert first.provisional and second.provisional
    assert (first.code, second.code) == ("530324500", "530324501")
    assert place_index(session).find("甲") == place_index(session)["530324500"]
    assert [entry.entity_id for entry in actions_recorded(session, "places.add")] == [
        "530324107",
        "530324500",
        "530324501",
    ]


def test_provisional_codes_run_out_in_a_sentence(session: Session) -> None:
    session.add(
        Region(
            code="530324999",
            parent_code=LUOPING,
            level=Level.TOWNSHIP,
            name="末",
            short="末",
            provisional=True,
        )
    )
    session.flush()
    with pytest.raises(PlacesRefused, match="too many places"):
        add_township(session, LUOPING, "新镇", "", "office")


def test_a_lender_is_made_once(session: Session) -> None:
    made = lender_named(session, "罗平农商行")
    assert lender_named(session, "罗平农商行") is made
    session.add(Branch(lender_id=made.id, name="阿岗支行"))
    session.add(Branch(lender_id=lender_named(session, "农业银行").id, name="阿岗支行"))
    session.flush()  # the same name at two lenders is two branches
    session.add(Branch(lender_id=made.id, name="阿岗支行"))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Lender)) == 0


# Reads.
def test_the_index_of_the_database_is_the_shipped_one(session: Session) -> None:
    loaded, file = place_index(session), shipped(LUOPING)
    for place in file:
        assert loaded[place.code].name == place.name and set(loaded[place.code].aliases) == set(place.aliases)
    assert len(list(loaded)) == len(list(file))
    assert LUOPING in place_index(session, AGANG) and LAOCHANG not in place_index(session, AGANG)


def test_villages_come_only_when_asked_for(session: Session) -> None:
    load_places(session, [Place(AGANG + "201", Level.VILLAGE, "阿岗村", "阿岗村")])
    assert AGANG + "201" not in place_index(session)
    assert AGANG + "201" in place_index(session, villages=True)


def test_townships_with_the_names_they_go_by(session: Session) -> None:
    by_code = {region.code: names for region, names in townships(session, LUOPING)}
    assert by_code[AGANG] == ["阿岗乡"] and by_code[LAOCHANG] == []
    assert [region.code for region in children(session, LUOPING)] == list(by_code)


@pytest.mark.parametrize(
    ("code", "inside"),
    [
        ("", lambda code: True),
        ("53", lambda code: True),
        ("530324", lambda code: code.startswith("530324")),
        ("530324106", lambda code: code == "530324106"),
        ("5303249", lambda code: False),
        ("54", lambda code: False),
    ],
)
def test_within_is_the_place_and_all_below_it(
    session: Session, code: str, inside: Callable[[str], bool]
) -> None:
    found = set(session.scalars(select(Region.code).where(within(Region.code, code))))
    assert found == {place.code for place in shipped(LUOPING) if inside(place.code)}
