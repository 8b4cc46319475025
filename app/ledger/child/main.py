"""``look`` at a workbook's raw XML or records, or ``read`` a file's cells; answers on standard output."""

import gc
import os
import resource
import sys
import zlib
from pathlib import Path
from zipfile import BadZipFile

from . import biff, book, delimited, scan
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
        delimited.read(path, send)
    elif task == "read":
        book.read(path, send)
    elif kind == "xlsx":
        send(scan.look(path, inflated))
    else:
        send(biff.look(path))


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
    except (BadZipFile, zlib.error, EOFError, NotImplementedError):
        send({"refused": "damaged"})
    except MemoryError:
        os._exit(1)
    out.flush()
