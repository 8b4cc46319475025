"""How the child answers: frames of JSON behind their lengths; a refusal is a code that the parent words."""

import struct
from collections.abc import Callable
from typing import Any, BinaryIO

import orjson

FRAME = struct.Struct(">I")
Send = Callable[[Any], None]


class Refuse(Exception):
    """The file is refused: ``code`` names the sentence."""

    def __init__(self, code: str, **details: object) -> None:
        super().__init__(code)
        self.message = {"refused": code, **details}


def sender(out: BinaryIO) -> Send:
    """Writes one frame. What JSON does not know (a duration) goes as text."""

    def send(message: Any) -> None:
        body = orjson.dumps(message, default=str)
        out.write(FRAME.pack(len(body)))
        out.write(body)

    return send
