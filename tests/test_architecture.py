"""Imports run one way: each part of the program may import only what is below it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

BASE = {"cells", "errors", "schema", "i18n", "crs", "filetypes", "periods", "offences"}
BASE |= {"selection", "finding", "former", "progress", "validity", "place_text", "users"}
BASE |= {"personal", "spreadsheet"}
SETTINGS = BASE | {"settings", "files", "archive"}
# Groups of modules of the layers; only commands and pages reach for the network's.
LAYER_GROUPS = {"layers.census", "layers.checks", "layers.official", "layers.own"}
COUNTING = {"codes", "faces", "fineness", "join", "placement", "aggregate"}
# part → parts it may import (besides itself); "web" is the package beside `hotspots`.
ALLOWED: dict[str, set[str]] = {
    "archive": {"errors", "i18n"},
    "cells": set(),
    "errors": set(),
    "schema": set(),
    "i18n": set(),
    "crs": {"errors", "i18n"},
    "filetypes": {"errors", "i18n"},
    "periods": {"errors", "i18n", "schema"},
    "offences": {"errors", "i18n"},
    "selection": {"errors", "i18n", "schema", "periods"},
    "finding": {"periods"},
    "former": set(),
    "progress": {"errors"},
    "validity": {"i18n"},
    "place_text": set(),
    "users": set(),
    "spreadsheet": {"cells", "errors", "i18n"},
    "personal": {"i18n"},
    "privacy": {"errors", "i18n"},
    "geocode": SETTINGS | {"layers"},
    "link": BASE,
    "files": {"errors", "i18n"},
    "settings": {"errors", "i18n"},
    "record_inference": BASE,
    "layers": SETTINGS | LAYER_GROUPS,
    "layers.census": SETTINGS | {"layers", "layers.own"},
    "layers.checks": SETTINGS | {"layers"},
    "layers.fetch": SETTINGS | {"layers", "layers.official", "layers.own"},
    "layers.official": SETTINGS | {"layers"},
    "layers.own": SETTINGS | {"layers", "layers.census", "layers.checks", "layers.official"},
    "occurrence": BASE | {"clean"},
    "clean": BASE | {"ingest"},
    "ingest": SETTINGS
    | {"occurrence", "clean", "store", "layers", "record_inference", "geocode", "link"},
    "store": SETTINGS,
    "retention": SETTINGS | {"store", "layers", "placement", "geocode"},
    "accounts": SETTINGS | {"store"},
    "checkup": SETTINGS | {"store", "accounts", "layers", "ingest"},
    "persons": SETTINGS | {"store", "ingest"},
    "backup": SETTINGS | {"store", "accounts", "layers", "checkup"},
    "workspace_init": SETTINGS | {"layers", "store"},
    "faces": set(),
    "join": BASE | {"faces"},
    "codes": set(),
    "fineness": {"schema", "codes"},
    "placement": BASE | {"codes", "fineness", "join"},
    "aggregate": BASE | {"join", "placement"},
    "analysis": SETTINGS | COUNTING | {"store", "layers", "geocode", "link", "privacy"},
    "export": SETTINGS | COUNTING | {"analysis"},
    "maps": SETTINGS | {"aggregate", "analysis", "layers", "privacy"},
    "sample": SETTINGS | {"layers", "sample_intake"},
    "sample_intake": BASE,
    "demo": SETTINGS | {"layers", "ingest", "sample", "workspace_init"},
    "cli": SETTINGS
    | COUNTING
    | {"analysis", "export", "ingest", "layers", "maps", "demo", "store", "web"}
    | {"workspace_init", "layers.checks", "layers.fetch", "geocode", "link", "accounts"}
    | {"backup", "checkup", "retention", "persons"},
    "web": SETTINGS
    | COUNTING
    | {"analysis", "export", "layers", "maps", "store", "privacy"}
    | {"layers.checks", "layers.fetch", "layers.own", "ingest", "geocode", "link", "accounts"}
    | {"backup", "checkup", "retention", "persons"},
    "__init__": set(),
    "__main__": {"cli"},
}
# Third-party packages that only some parts may touch.
ONLY_IN = {
    "flask": {"web"},
    "flask_wtf": {"web"},
    "requests": {"layers.fetch"},
    "rapidfuzz": {"geocode", "ingest"},
    "filelock": {"layers", "layers.fetch", "web"},
    "waitress": {"web"},
    "folium": {"maps"},
    "branca": {"maps"},
    "sqlalchemy": {"store", "accounts"},
    "alembic": {"store", "accounts"},
    "argon2": {"accounts"},
    "zxcvbn": {"accounts"},
    "flask_login": {"web"},
    "flask_limiter": {"web"},
    "click": {"cli"},
    "rich": {"cli"},
}


def part_of(path: Path) -> str:
    relative = path.relative_to(ROOT)
    if relative.parts[0] == "web":
        return "web"
    return part_of_module(".".join(relative.with_suffix("").parts[1:]))


def part_of_module(name: str) -> str:
    """Return the part that a module of `hotspots` belongs to: layers.fetch.parts → layers.fetch."""
    first, _, rest = name.partition(".")
    group = f"{first}.{rest.split('.')[0]}"
    return group if group in ALLOWED else first


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


MODULES = sorted([*(ROOT / "hotspots").rglob("*.py"), *(ROOT / "web").rglob("*.py")])


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path):
    part = part_of(path)
    assert part in ALLOWED, f"{part} has no entry in the table of allowed imports"
    for name in imported(path):
        top, _, rest = name.partition(".")
        if top == "hotspots":
            target = part_of_module(rest) if rest else "__init__"
            if target == "__version__":
                continue
        elif top == "web":
            target = "web"
        else:
            assert part in ONLY_IN.get(top, {part}), f"{part} must not import {top}"
            continue
        assert target == part or target in ALLOWED[part], f"{part} must not import {target}"


def test_table_names_only_parts_that_exist():
    parts = {part_of(path) for path in MODULES}
    assert set(ALLOWED) <= parts
