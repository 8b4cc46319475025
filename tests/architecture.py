"""Who may import whom, as data, and the reader of imports that holds the program to it.

``complaints(folder)`` reads every module of a package with ``ast``, imports inside functions included, and returns
one sentence for each that breaks a rule: where, what, and what to do instead. The reasons are in docs/tour.md.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# The ground, lowest first: each may use those before it, and no slice.
BASE = (
    "money", "gbt9704", "labels", "stamp", "config", "clock", "db", "today", "heartbeat", "privacy", "files",
    "audit", "logs", "errors", "web",
)  # fmt: skip

# Each slice and those it may use. Two slices that are not in line are brought together by a composition root.
_LOANS = ("places", "accounts", "loans")
_CASES = (*_LOANS, "policies", "forces", "cases")
_WORK = (*_CASES, "fairness", "contacts", "promises", "remedies")
SLICES: dict[str, tuple[str, ...]] = {
    "places": (),
    "accounts": ("places",),
    "loans": ("places", "accounts"),
    "policies": ("places", "accounts"),
    "forces": _LOANS,
    "cases": (*_LOANS, "policies", "forces"),
    "fairness": _CASES,
    "contacts": (*_CASES, "fairness"),
    "promises": (*_CASES, "fairness", "contacts"),
    "remedies": (*_CASES, "fairness", "contacts"),
    "papers": _WORK,
    "publicity": _LOANS,
    "measures": _WORK,
    "desk": (*_WORK, "papers", "measures", "sms", "reminders"),
    "sms": (),
    "reminders": (*_CASES, "fairness", "contacts", "sms"),
    "ledger": _LOANS,
    "bulletin": (*_WORK, "publicity", "ledger", "lines"),
    "lines": ("places", "accounts"),
    "outlook": (*_WORK, "measures", "bulletin", "lines"),
    "editions": (*_WORK, "publicity", "measures", "bulletin", "lines", "outlook"),
    "trail": (*_WORK, "papers", "publicity", "reminders"),
    "dashboard": (
        *_WORK,
        "papers",
        "publicity",
        "measures",
        "reminders",
        "ledger",
        "bulletin",
        "lines",
        "outlook",
    ),
    "demo": ("places", "accounts"),
}

# The layers within a slice, lowest first. What is not named here is pure, unless it is one of HELPERS.
LAYERS = ("rules", "models", "queries", "actions", "forms", "views")
HELPERS = {  # parts of a layer in files of their own
    "accounts.access": "actions",
    **dict.fromkeys(("accounts.sessions", "accounts.signing", "accounts.throttle"), "actions"),
    **dict.fromkeys(("accounts.pages", "accounts.own_pages"), "views"),
    **dict.fromkeys(("cases.assignment", "cases.handover", "cases.limitation"), "actions"),
    "cases.assigning": "queries",
    **{f"bulletin.{part}": "queries" for part in ("checklist", "closed", "digests", "doubts", "kept")},
    **dict.fromkeys(("bulletin.closing", "bulletin.errata", "bulletin.reopening"), "actions"),
    **dict.fromkeys(
        ("bulletin.bundles", "bulletin.drill", "bulletin.bridging", "bulletin.earlier"), "queries"
    ),
    "bulletin.received": "actions",
    **dict.fromkeys(("bulletin.asked", "bulletin.bridge_pages"), "views"),
    "bulletin.months": "views",
    "contacts.calling": "actions",
    **dict.fromkeys(("promises.judging", "promises.settling"), "actions"),
    "promises.lists": "queries",
    "cases.search": "queries",
    "cases.bulk": "queries",
    "remedies.bulk": "actions",
    "remedies.exchange": "actions",
    "remedies.workbook": "views",
    "desk.search": "views",
    "desk.bulk": "views",
    "desk.bulk_work": "views",
    **dict.fromkeys(("dashboard.styleguide", "dashboard.board"), "views"),
    **dict.fromkeys(("desk.household", "desk.pages", "desk.panels", "desk.queue"), "views"),
    **dict.fromkeys(("measures.flows", "measures.lists"), "queries"),
    **dict.fromkeys(("outlook.history", "outlook.candidates"), "queries"),
    "desk.borrowers": "queries",
    **dict.fromkeys(("editions.drafting", "editions.chinese"), "queries"),
    "editions.publishing": "actions",
    "editions.recount": "queries",
    "editions.receiving": "actions",
    "editions.bundle_forms": "forms",
    "editions.bundle_pages": "views",
    **dict.fromkeys(("editions.writing", "editions.library", "editions.pages", "editions.remarks"), "views"),
    **{f"reminders.{part}": "actions" for part in ("plan", "moves", "judging", "outbox", "reconcile")},
    **{
        f"reminders.{part}": "actions"
        for part in ("audience", "batches", "campaigns", "channels", "deciding")
    },
    **{f"reminders.{part}": "actions" for part in ("forecast", "inbound", "texts", "trying")},
    "reminders.lists": "queries",
    "reminders.checks": "actions",
    "reminders.effect": "queries",
    **{f"trail.{part}": "queries" for part in ("counties", "entries", "person", "verify")},
    "trail.retention": "actions",
    **dict.fromkeys(("trail.person_pages", "trail.retention_pages"), "views"),
    **{f"reminders.{part}_pages": "views" for part in ("batch", "campaign", "channel", "text", "trying")},
    **dict.fromkeys(("reminders.callbacks", "reminders.pages"), "views"),
    **{f"ledger.{part}": "actions" for part in ("apply", "apply_people", "compare", "digest", "names")},
    **{f"ledger.{part}": "actions" for part in ("report", "stage", "store", "watch")},
}
# Slices that only tell what is there take these layers of others, and change nothing.
READERS = dict.fromkeys(("bulletin", "dashboard", "measures", "outlook"), ("rules", "models", "queries"))
EVERY_PAGE = {"accounts.access", "accounts.rules"}  # the gate that any slice's views pass

# What wires slices together, may use everything, and is used by nothing below.
COMMANDS = (
    "backups",
    "bulletins",
    "bundles",
    "cases",
    "drills",
    "editions",
    "instance",
    "ledgers",
    "measures",
    "months",
    "notes",
    "operations",
    "outlook",
    "people",
    "policies",
    "promises",
    "reminders",
    "sms",
    "terminal",
    "trust",
)
ROOTS = {
    "health", "metrics", "doctor", "doctor_checks", "keys", "sealing", "startup", "intake", "sending", "sheets",
    "demo.load", "setup", "jobs", "cli", "",
}  # fmt: skip
ROOTS |= {f"cli.{name}" for name in COMMANDS}
_BACKUP = (
    "contents",
    "create",
    "lines",
    "load",
    "recovery",
    "refused",
    "restore",
    "shelf",
    "stream",
    "target",
)
ROOTS |= {"backup", *(f"backup.{part}" for part in _BACKUP)}

WEB_LIBRARIES = {"flask", "flask_babel", "flask_login", "flask_wtf", "wtforms", "werkzeug"}
DATABASE_LIBRARIES = {"sqlalchemy", "flask_sqlalchemy", "alembic", "psycopg", "sqlite3"}
ONLY_IN = {"twilio": "sms.twilio"}
COMMITTERS = (
    ROOTS
    | {f"{name}.views" for name in SLICES}
    | {n for n, layer in HELPERS.items() if layer == "views"}
    | {"accounts.access"}
)


@dataclass(frozen=True, slots=True)
class Import:
    """``module`` imports ``target`` on ``line``; both without the package's own name in front."""

    module: "Module"
    target: str
    line: int
    inside: bool

    def complain(self, instead: str) -> str:
        return f"{self.module.path}:{self.line} imports {self.target}: {instead}"


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    path: str
    tree: ast.Module

    @property
    def slice(self) -> str:
        return self.name.partition(".")[0] if self.name.partition(".")[0] in SLICES else ""

    @property
    def layer(self) -> str:
        return layer_of(self.name)


def layer_of(name: str) -> str:
    """The layer of a module within its slice; what belongs to none is pure, as rules are."""
    part = name.partition(".")[2].partition(".")[0]
    return part if part in LAYERS else HELPERS.get(name, "rules")


def is_pure(name: str) -> bool:
    """A module over values alone: no web, no database, no clock."""
    if name.partition(".")[0] in SLICES:
        return name not in ROOTS and layer_of(name) == "rules"
    return name in ("money", "gbt9704", "labels", "clock")


def read_modules(package: Path) -> dict[str, Module]:
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        relative = str(path.relative_to(package.parent))
        modules[name] = Module(name, relative, ast.parse(path.read_text("utf-8"), relative))
    return modules


def imports_of(module: Module, modules: dict[str, Module], package: str) -> Iterator[Import]:
    """Everything the module imports, at its top or inside a function."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node, package)
            # `from app.cases import queries` imports the module, `from app.cases.rules import decide` a name in one
            targets = sorted({_submodule(origin, alias.name, modules, package) for alias in node.names})
        else:
            continue
        for target in targets:
            inside = target == package or target.startswith(package + ".")
            yield Import(
                module, target.removeprefix(package).lstrip(".") if inside else target, node.lineno, inside
            )


def _origin(module: Module, node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    is_package = module.path.endswith("__init__.py")
    parts = [package, *filter(None, module.name.split("."))]
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, *filter(None, [node.module])])


def _submodule(origin: str, name: str, modules: dict[str, Module], package: str) -> str:
    inner = f"{origin}.{name}".removeprefix(package).lstrip(".")
    return f"{origin}.{name}" if origin.startswith(package) and inner in modules else origin


def complaints(folder: Path) -> list[str]:
    """One sentence for each broken rule."""
    modules = read_modules(folder)
    found = [imp for module in modules.values() for imp in imports_of(module, modules, folder.name)]
    sentences: list[str] = []
    for imp in found:
        judge = _inside if imp.inside else _outside
        sentences += [imp.complain(instead) for instead in judge(imp)]
    for module in modules.values():
        sentences += [f"{module.path}:{line} {sentence}" for line, sentence in _calls(module)]
    sentences += _unknown_slices(modules)
    return sentences + [
        f"{' → '.join(f'app.{name}' for name in ring)}: these import one another. Move what both need below both."
        for ring in rings({m: {i.target for i in found if i.module.name == m and i.inside} for m in modules})
    ]


def _outside(imp: Import) -> Iterator[str]:
    """Libraries."""
    library, name = imp.target.partition(".")[0], imp.module.name
    if library in ONLY_IN and name != ONLY_IN[library]:
        yield f"only app.{ONLY_IN[library]} may. Call it through the Provider protocol."
    if is_pure(name) and library in WEB_LIBRARIES | DATABASE_LIBRARIES:
        yield (
            "this module is pure. Take values as arguments and return a value; "
            "read them in queries.py, write them in actions.py, show them in views.py. "
            "(Is it a part of one of these, in a file of its own? HELPERS in tests/architecture.py lists them.)"
        )
    elif library in WEB_LIBRARIES and imp.module.slice and not _knows_the_web(imp.module):
        yield "only views.py and forms.py know that there is a web. Pass in what is needed."


def _knows_the_web(module: Module) -> bool:
    return module.layer in ("forms", "views") or module.name in ROOTS | {"accounts.access"}


def _inside(imp: Import) -> Iterator[str]:
    """Our own modules."""
    module, target = imp.module, imp.target
    if module.name in ROOTS:
        return
    other = target.partition(".")[0]
    if target in ROOTS:
        yield "it wires the slices together and is used by nothing below. Move what you need out of it, downwards."
    elif is_pure(module.name) and not is_pure(target):
        yield "this module is pure, and so must be what it uses. Take the value as an argument."
    elif module.name in BASE:
        if target not in BASE or BASE.index(target) >= BASE.index(module.name):
            yield f"the ground rests on nothing above it (its order: {', '.join(BASE)}). Pass the value in."
    elif target in BASE:
        if target == "web" and module.layer != "views":
            yield "pages' helpers are for views.py. Move what is not about pages out of app.web."
        if target == "config":
            yield "settings are read once, by create_app. Take the value as an argument."
    elif module.slice and other in SLICES:
        yield from _between_layers(module, target, other)
    else:
        yield "no rule says that this may be. Add the module to tests/architecture.py, in its right place."


def _between_layers(module: Module, target: str, other: str) -> Iterator[str]:
    if module.layer == "views" and target in EVERY_PAGE:
        return
    if other != module.slice and other not in SLICES[module.slice]:
        below = ", ".join(SLICES[module.slice]) or "none"
        yield (
            f"{module.slice} may use of other slices: {below}. Let app.intake or another composition root "
            f"call both, or move what both need below both."
        )
    elif LAYERS.index(layer_of(target)) > LAYERS.index(module.layer):
        yield f"{module.layer} rest on nothing above them (the order: {', '.join(LAYERS)}). Move it down."
    elif other != module.slice and layer_of(target) not in READERS.get(module.slice, LAYERS):
        yield f"{module.slice} only reads. Put a function into app/{other}/queries.py and call that."


def _calls(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "commit" and module.name not in COMMITTERS and module.slice:
            yield node.lineno, "commits: the view, command or job that called commits, once. Return instead."
        if called in ("import_module", "__import__") and module.name != "startup":
            yield node.lineno, "imports by a name made at run time, which nobody can check. Write an import."
        if called in ("now", "today", "utcnow") and is_pure(module.name):
            yield (
                node.lineno,
                "asks a clock: take `today` as an argument, the caller knows the business date.",
            )


def _unknown_slices(modules: Iterable[str]) -> Iterator[str]:
    for name in sorted({name.partition(".")[0] for name in modules if "." in name} - {*SLICES, *ROOTS}):
        yield f"app/{name}/: a new slice. Say in SLICES of tests/architecture.py which others it may use."


def rings(graph: dict[str, set[str]]) -> list[list[str]]:
    """Every set of modules that import one another, however far round (Tarjan's strong components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(graph[node] & graph.keys()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            ring = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(ring) > 1 or node in graph[node]:
                found.append(sorted(ring))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found
