"""Every name under which the program writes to the trail, read from its code."""

import ast
from collections.abc import Iterator
from pathlib import Path

APP = Path(__file__).parents[2] / "app"


def names_in(source: str) -> tuple[set[str], list[int]]:
    """The names in one module, and the lines of calls whose name could not be read.

    A name may be a text, one of two, an f-string's beginning (``cases.*``), a constant of the module, or an argument
    that the callers within the module give.
    """
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    found: set[str] = set()
    unread: list[int] = []
    for call, function in _calls(tree):
        got = set(_texts(call.args[2], constants)) if len(call.args) > 2 else set()
        if not got and isinstance(call.args[2], ast.Name) and function is not None:
            got = _from_callers(tree, function, call.args[2].id, constants)
        found |= got
        if not got:
            unread.append(call.lineno)
    return found, unread


def _calls(
    tree: ast.AST, function: ast.FunctionDef | None = None
) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    for node in ast.iter_child_nodes(tree):
        inner = node if isinstance(node, ast.FunctionDef) else function
        if isinstance(node, ast.Call):
            called = node.func
            is_record = isinstance(called, ast.Attribute) and called.attr == "record"
            if is_record and isinstance(called.value, ast.Name) and called.value.id in ("audit", "trail"):  # type: ignore[attr-defined]
                yield node, function
        yield from _calls(node, inner)


def _texts(node: ast.expr, constants: dict[str, ast.expr], depth: int = 0) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, constants)
        yield from _texts(node.orelse, constants)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield f"{node.values[0].value}*"
    elif isinstance(node, ast.Name) and node.id in constants and depth < 3:
        yield from _texts(constants[node.id], constants, depth + 1)


def _from_callers(
    tree: ast.AST, function: ast.FunctionDef, argument: str, constants: dict[str, ast.expr]
) -> set[str]:
    positions = [a.arg for a in function.args.args]
    keywords = [a.arg for a in function.args.kwonlyargs]
    if argument not in positions + keywords:
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function.name:
            given = next((k.value for k in node.keywords if k.arg == argument), None)
            if given is None and argument in positions and len(node.args) > positions.index(argument):
                given = node.args[positions.index(argument)]
            found |= set(_texts(given, constants)) if given is not None else set()
    return found


def recorded() -> tuple[set[str], list[str]]:
    """The names in the whole program, and the places that could not be read."""
    found: set[str] = set()
    unread: list[str] = []
    for path in sorted(APP.rglob("*.py")):
        names, lines = names_in(path.read_text("utf-8"))
        found |= names
        unread += [f"{path.relative_to(APP.parent)}:{line}" for line in lines]
    return found, unread
