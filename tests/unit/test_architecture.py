"""Imports go downwards only."""

import ast
from pathlib import Path

import pytest

import monitor

HOUSE = Path(monitor.__file__).parent
CORE = {"types", "errors", "stats", "profiles", "detectors", "alerts", "schedule", "timestamps", "names", "admission"}
ADAPTERS = {"store", "sources", "notify", "render"}
VALUES = {"types", "errors"}
# What each room may import; a room that is not listed may not be.
BELOW: dict[str, set[str]] = {
    "types": set(),
    "errors": set(),
    "stats": VALUES,
    "profiles": VALUES | {"stats"},
    "detectors": VALUES | {"stats", "profiles"},
    "alerts": VALUES | {"stats", "profiles"},
    "schedule": VALUES,
    "timestamps": VALUES | {"profiles"},
    "names": VALUES | {"profiles", "timestamps"},
    "admission": VALUES | {"profiles", "timestamps", "names"},
    # Adapters do not know each other; pages show what is stored.
    "store": CORE - {"admission", "detectors"},
    "sources": VALUES | {"profiles", "admission"},
    "notify": VALUES,
    "render": CORE - {"admission"} | {"store"},
    # The configuration names what there is and opens nothing.
    "config": CORE - {"admission", "profiles"},
    "watch": VALUES | {"schedule", "config", "store", "notify"},
    "steps": CORE | {"config", "store", "watch"},
    "delivery": VALUES | {"alerts", "store", "notify"},
    "pipeline": VALUES | {"alerts", "store", "watch", "steps", "delivery"},
    "wiring": VALUES | {"config", "watch", "store", "sources", "notify"},
    "injection": VALUES | {"profiles", "timestamps"},
    "setup": CORE | {"config", "sources", "watch", "wiring"},
    "guard": VALUES | {"names", "detectors", "sources", "steps", "store"},
    "refusals": set(),
    "posted": {"errors", "refusals"},
    "web": CORE | {"refusals", "posted", "config", "store", "render"},
}
SHELL = {*BELOW}
BELOW |= {
    "daemon": SHELL,
    "demo": SHELL | {"daemon"},
    "commands": SHELL | {"daemon", "demo"},
    "cli": VALUES | {"config", "commands"},
    "__main__": {"cli"},
}
FILES = sorted(path for path in HOUSE.rglob("*.py") if path != HOUSE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names += [f"{node.module}.{alias.name}" for node in froms for alias in node.names]
    assert not any(node.level for node in froms), "imports are written in full"
    return {name.split(".")[1] for name in names if name.startswith("monitor.")}


def test_the_rooms_form_an_order() -> None:
    left = dict(BELOW)
    while left:
        free = {room for room, below in left.items() if not below & left.keys()}
        assert free, f"these import each other in a circle: {sorted(left)}"
        left = {room: below for room, below in left.items() if room not in free}


def test_adapters_do_not_know_each_other() -> None:
    assert {room: BELOW[room] & ADAPTERS for room in ADAPTERS} == {
        "store": set(),
        "sources": set(),
        "notify": set(),
        "render": {"store"},
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_imports_go_downwards(path: Path) -> None:
    room = room_of(path)
    assert imported_rooms(path) <= BELOW[room] | {room}


@pytest.mark.parametrize(
    "path", [p for p in FILES if room_of(p) in CORE], ids=lambda path: str(path.relative_to(HOUSE))
)
def test_the_core_reads_no_clock_file_environment_or_log(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    imports = {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    imports |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert not imports & {"os", "time", "logging", "random", "pathlib", "io", "socket", "requests", "sqlalchemy"}
    called = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert not called & {"now", "utcnow", "today", "environ", "default_rng"}
