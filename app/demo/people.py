"""Invented people and villages, whose numbers cannot belong to anybody.

- ID numbers have the form and check digit of GB 11643, but begin with 530399. County-level cities under a
  prefecture are numbered from 81 on, and 曲靖 (5303) has one: there is no place 530399 and never was, so no
  living person's number has such a region, whatever the date.
- Mobile numbers begin with 154, which the Chinese numbering plan has given to no operator. The few landline
  numbers go on with 0 after the area code, as no subscriber's number does.
- Names are put together by chance from common characters, and villages from common landscape words. A
  likeness with a real person or village is chance.
"""

from dataclasses import dataclass
from datetime import date

from app.demo.dice import Dice

NOWHERE = "530399"
UNASSIGNED_PREFIX = "154"
IMPOSSIBLE_LANDLINE = "0874-0"

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗王李张刘陈杨赵黄周吴梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹"
)
_MEN = "建国华平军明强文德福贵林云祥荣成忠学良志光正永兴才发富春生顺东海山峰勇辉斌涛洪"
_WOMEN = "秀英芳兰梅琼仙莲珍会香菊丽燕红艳花凤美玉翠桂萍娟霞云琴粉竹巧"
_LANDSCAPE = "云松白青清竹柳桃梨麦禾金银石岩大小新上下长双"
_LAND_ENDS = ("岭", "坡", "坝", "湾", "塘", "冲", "箐", "寨", "营", "垭", "坪", "沟", "田", "井")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"

# Borrowers are grown up at their first loan and at most 64 in 2023, but for the few that are 66 all year.
_OLDEST_YEAR, _PARENT_YEAR, _YOUNGEST_YEAR = 1959, 1976, 2001
_BORN_FOR_66 = (date(1956, 12, 10), date(1956, 12, 31))

CATEGORIES = ("脱贫户",) * 16 + ("脱贫不稳定户", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户")
CREDIT_GRADES = ("优秀", "优秀", "较好", "较好", "较好", "一般")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    id_number: str
    phone: str


@dataclass(frozen=True, slots=True)
class Household:
    """户, with the one member besides its head who borrows, where there is one."""

    village: str
    group: str
    head: Person
    size: int
    category: str
    credit_grade: str
    member: Person
    member_relation: str


def check_digit(first17: str) -> str:
    """The 18th character of an ID number (GB 11643)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first17, strict=True))
    return _CHECK_DIGITS[total % 11]


def _years(first: int, last: int) -> tuple[date, date]:
    return date(first, 1, 1), date(last, 12, 31)


class Registry:
    """Makes people whose ID and phone numbers, and villages whose names, are given out once."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._taken: set[str] = set()

    def _unused(self, text: str) -> bool:
        if text in self._taken:
            return False
        self._taken.add(text)
        return True

    def villages(self, count: int) -> list[str]:
        names: list[str] = []
        while len(names) < count:
            name = self._dice.pick(_LANDSCAPE) + self._dice.pick(_LAND_ENDS) + "村"
            if self._unused(name):
                names.append(name)
        return names

    def name(self, female: bool, surname: str = "") -> str:
        given = _WOMEN if female else _MEN
        surname = surname or self._dice.pick(_SURNAMES)
        return surname + "".join(self._dice.pick(given) for _ in range(1 if self._dice.chance(20) else 2))

    def _id_number(self, female: bool, born_from: date, born_to: date) -> str:
        while True:
            born = self._dice.day(born_from, born_to)
            sequence = 2 * self._dice.below(500) + (0 if female else 1)
            first17 = f"{NOWHERE}{born:%Y%m%d}{sequence:03d}"
            if self._unused(first17):
                return first17 + check_digit(first17)

    def _phone(self) -> str:
        while not self._unused(phone := f"{UNASSIGNED_PREFIX}{self._dice.below(10**8):08d}"):
            pass
        return phone

    def _landline(self) -> str:
        return f"{IMPOSSIBLE_LANDLINE}{self._dice.below(10**6):06d}"

    def person(
        self, female: bool, born: tuple[date, date], *, surname: str = "", landline: bool = False
    ) -> Person:
        phone = self._landline() if landline else self._phone()
        return Person(self.name(female, surname), self._id_number(female, *born), phone)

    def household(self, villages: list[str], *, aged_66: bool = False, landline: bool = False) -> Household:
        """A household with a head, and a spouse or (where the head is old enough) a grown child."""
        dice = self._dice
        female_head = dice.chance(15)
        head = self.person(
            female_head, _BORN_FOR_66 if aged_66 else _years(_OLDEST_YEAR, 1994), landline=landline
        )
        born = int(head.id_number[6:10])
        if born <= _PARENT_YEAR and dice.chance(40):
            daughter = dice.chance(25)
            relation = "女儿" if daughter else "儿子"
            member = self.person(daughter, _years(max(born + 22, 1981), _YOUNGEST_YEAR), surname=head.name[0])
        else:
            relation = "配偶"
            member = self.person(not female_head, _years(max(born - 2, _OLDEST_YEAR), min(born + 4, 1997)))
        return Household(
            dice.pick(villages),
            f"{1 + dice.below(8)}组",
            head,
            2 + dice.below(5),
            dice.pick(CATEGORIES),
            dice.pick(CREDIT_GRADES),
            member,
            relation,
        )
