"""Sentences and statuses that a person reads, kept apart from the language they are read in.

A rule or an enum carries a :class:`Text`: an English message with named parameters. Whoever shows it
(a template, a command) renders it with the reader's ``gettext``; ``str()`` gives the English source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Text:
    """A translatable sentence: ``T("%(n)s rows", n=3)``. Parameters may themselves be Texts."""

    msgid: str
    params: tuple[tuple[str, object], ...] = ()

    def render(self, gettext: Callable[[str], str]) -> str:
        """The sentence in the language of ``gettext``."""
        translated = gettext(self.msgid)
        if not self.params:
            return translated
        return translated % {
            name: value.render(gettext) if isinstance(value, Text) else value for name, value in self.params
        }

    def to_json(self) -> dict[str, object]:
        """As it is stored: the message and its parameters, in no language yet."""
        params = {k: v.to_json() if isinstance(v, Text) else v for k, v in self.params}
        return {"msgid": self.msgid, "params": params} if params else {"msgid": self.msgid}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The sentence that ``to_json`` stored."""
        params = stored.get("params", {}).items()
        return cls(
            stored["msgid"], tuple((k, cls.from_json(v) if isinstance(v, dict) else v) for k, v in params)
        )

    def __str__(self) -> str:
        return self.render(lambda msgid: msgid)


def T(msgid: str, /, **params: object) -> Text:  # noqa: N802 - the extraction keyword, short on purpose
    """Mark ``msgid`` for translation and bind its parameters."""
    return Text(msgid, tuple(params.items()))


_UNLABELLED = Text("")


class Labelled(StrEnum):
    """An enum whose members carry their label: ``OPEN = "open", T("Open")``."""

    label: Text

    # The default is never used; it lets a type checker accept the look-up ``Kind("open")``.
    def __new__(cls, value: str, label: Text = _UNLABELLED) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Declined(ValueError):
    """What is not done, with the sentence that says why; ``field`` is the form's field that it belongs to."""

    field = ""

    def __init__(self, message: Text, field: str | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        if field is not None:
            self.field = field


class DeclinedAt(Declined):
    """The same where it always belongs to a field, which is named first."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(message, field)
