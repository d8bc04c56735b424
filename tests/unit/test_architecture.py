"""Imports go downwards only."""

import ast
from pathlib import Path

import pytest

import monitor

HOUSE = Path(monitor.__file__).parent
CORE = {"types", "errors", "stats", "profiles", "detectors", "alerts", "schedule", "admission"}
BELOW = {
    "types": set(),
    "errors": set(),
    "stats": {"types", "errors"},
    "profiles": {"types", "errors", "stats"},
    "detectors": {"types", "errors", "stats", "profiles"},
    "alerts": {"types", "errors", "stats", "profiles"},
    "schedule": {"types", "errors", "stats", "profiles"},
    "admission": {"types", "errors", "stats", "profiles"},
    "store": CORE,
    "sources": CORE,
    "notify": CORE,
    "render": CORE | {"store"},
    "delivery": {"types", "errors", "alerts", "store", "notify"},
    "config": CORE | {"store", "sources", "notify", "render"},
    "wiring": CORE | {"store", "sources", "notify", "render", "config", "watch"},
    "web": CORE | {"store", "render"},
    "setup": CORE | {"store", "sources", "notify", "render", "config", "wiring", "watch"},
    "watch": CORE | {"store", "notify", "config"},
    "steps": CORE | {"store", "config", "watch"},
    "pipeline": CORE | {"store", "config", "watch", "steps", "delivery"},
}
EVERYTHING_BELOW = {*BELOW}
BELOW |= {
    "daemon": EVERYTHING_BELOW,
    "demo": EVERYTHING_BELOW | {"daemon"},
    "commands": EVERYTHING_BELOW | {"daemon", "demo"},
    "cli": EVERYTHING_BELOW | {"commands"},
    "__main__": {"cli"},
}
FILES = sorted(path for path in HOUSE.rglob("*.py") if path != HOUSE / "__init__.py")


def room_of(path: Path) -> str:
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    parts = [name.split(".") for name in names if name.startswith("monitor.")]
    return {part[1] for part in parts}


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
