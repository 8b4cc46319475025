"""``look`` at a workbook's raw XML or records, or ``read`` a file's cells; answers on standard output.

A task loads what it needs and no more: for a small file the start is most of the time.
"""

import gc
import os
import resource
import sys
from pathlib import Path

from .protocol import Refuse, Send, sender


def limit(memory: int, seconds: int) -> None:
    """No more memory and processor time than given, no file written, no core dumped."""
    for kind, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):  # a system that does not know this limit, or has a lower one
            continue


def work(task: str, kind: str, path: Path, inflated: int, send: Send) -> None:
    """Do the task, sending what is found."""
    if kind == "text":
        from . import delimited

        delimited.read(path, send)
    elif task == "read":
        from . import book

        book.read(path, send)
    elif kind == "xlsx":
        from . import scan

        send(scan.look(path, inflated))
    else:
        from . import biff

        send(biff.look(path))


def damage() -> tuple[type[Exception], ...]:
    """What the libraries raise for a file that is broken."""
    from zipfile import BadZipFile
    from zlib import error

    return BadZipFile, error, EOFError, NotImplementedError


def main() -> None:
    task, kind, path, memory, seconds, inflated = sys.argv[1:]
    gc.disable()  # a short life of many small lists that make no cycles
    limit(int(memory), int(seconds))
    out = os.fdopen(os.dup(1), "wb")
    send = sender(out)
    try:
        work(task, kind, Path(path), int(inflated), send)
        send({"end": True})
    except Refuse as refusal:
        send(refusal.message)
    except MemoryError:
        os._exit(1)
    except damage():
        send({"refused": "damaged"})
    out.flush()
