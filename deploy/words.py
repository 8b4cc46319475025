"""The terminal's language: Chinese where its locale is, English otherwise.

The scripts of deploy/ speak before set-up has compiled any catalog, so each sentence is given in both.
"""

import os


def words(english: str, chinese: str) -> str:
    """The one of the two that the terminal's locale asks for."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return chinese if value.startswith("zh") else english
    return english


def say(english: str, chinese: str) -> None:
    """A line of progress, shown at once also where the output goes to a file."""
    print(words(english, chinese), flush=True)
