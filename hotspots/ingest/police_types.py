"""Offence codes of the Police ČR crime map: their labels, parents and offence groups."""

import csv
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from hotspots.errors import SourceError
from hotspots.filetypes import require_file
from hotspots.i18n import _
from hotspots.offences import OFFENCE_GROUPS, OTHER_OFFENCE

_BUILT_IN: Final = "police_types.csv"
_PARENTS: Final = ("parent_id1", "parent_id2", "parent_id3")
_NO_SUBCLASS: Final = "bez podtřídy"  # the label of a code that says no more than its parent


@dataclass(frozen=True)
class Described:
    """What the codes of one incident say."""

    leading: str  # offence group
    groups: str  # all groups, sorted, joined by ";"
    detail: str  # labels of the most specific codes
    unknown: tuple[int, ...]  # codes that the list lacks


@dataclass(frozen=True)
class CodeList:
    """Offence codes.

    Attributes
    ----------
    labels
        Code → label in Czech.
    parents
        Code → its parents, general to specific.
    groups
        Code → offence group; a code without one has that of its nearest parent with one.
    """

    labels: dict[int, str]
    parents: dict[int, tuple[int, ...]]
    groups: dict[int, str]

    def ancestors(self, code: int) -> set[int]:
        """Return every code above `code`."""
        found: set[int] = set()
        queue = [code]
        while queue:
            fresh = [p for p in self.parents.get(queue.pop(), ()) if p not in found]
            found.update(fresh)
            queue += fresh
        return found - {code}

    def group_of(self, code: int) -> str:
        """Return the offence group of a code; `other_offence` where no parent has one."""
        queue, seen = [code], set()
        while queue:
            here = queue.pop(0)
            if here in self.groups:
                return self.groups[here]
            seen.add(here)
            queue += [p for p in reversed(self.parents.get(here, ())) if p not in seen]
        return OTHER_OFFENCE

    def describe(self, codes: Iterable[int]) -> Described:
        """Return the groups and labels of an incident, judged by its most specific codes.

        A code that is a parent of another one of the incident says nothing more: 97
        (misdemeanours) beside 107 (public order) leaves public order alone.
        """
        given = sorted(set(codes))
        above: set[int] = set().union(*(self.ancestors(code) for code in given))
        specific = [code for code in given if code not in above]
        found = {self.group_of(code) for code in specific} or {OTHER_OFFENCE}
        labels = [self.labels[code] for code in specific if self.labels.get(code)]
        return Described(
            leading=next(group for group in OFFENCE_GROUPS if group in found),
            groups=";".join(sorted(found)),
            detail="; ".join(dict.fromkeys(labels)),
            unknown=tuple(code for code in given if code not in self.labels),
        )


@lru_cache(maxsize=1)
def built_in_codes() -> CodeList:
    """Return the code list that comes with the program (Police ČR, read in 2025)."""
    text = files("hotspots.ingest").joinpath(_BUILT_IN).read_text(encoding="utf-8")
    labels: dict[int, str] = {}
    parents: dict[int, tuple[int, ...]] = {}
    groups: dict[int, str] = {}
    for row in csv.DictReader(text.splitlines()):
        code, parent = int(row["code"]), int(row["parent"])
        labels[code] = row["label"]
        parents[code] = (parent,) if parent else ()
        groups[code] = row["group"]
    return CodeList(labels, parents, groups)


def parse_codes(data: bytes, *, name: str) -> CodeList:
    """Read the publisher's `types.csv` or `types.json`.

    Labels and parents come from the file; groups of the codes that the built-in list knows come
    from that list, and a new code has the group of its parent.

    Parameters
    ----------
    data
        Content of the file.
    name
        Its name, for messages.

    Raises
    ------
    SourceError
        The content is no code list.
    """
    try:
        text = data.decode("utf-8-sig")
        rows = _json_rows(text) if text.lstrip()[:1] in {"[", "{"} else _csv_rows(text)
        labels: dict[int, str] = {}
        parents: dict[int, tuple[int, ...]] = {}
        for row in rows:
            code = int(row["id"])
            label = " ".join(str(row.get("label") or "").split())
            if label.startswith(_NO_SUBCLASS) or not label:
                label = " ".join(str(row.get("name") or "").split())
            label.encode("utf-8")  # an escape may name half of a character
            labels[code] = label[:1].upper() + (label.lower() if label.isupper() else label)[1:]
            above = [int(row.get(key) or 0) for key in _PARENTS]
            parents[code] = tuple(p for p in above if p)
        if not labels:
            raise ValueError
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        csv.Error,
    ) as error:
        raise SourceError(
            _(
                "{name} is no code list of the Police ČR: it needs the columns id, parent_id1, "
                "parent_id2, parent_id3, name and label"
            ).format(name=name)
        ) from error
    return CodeList(labels, parents, built_in_codes().groups)


def _csv_rows(text: str) -> list[dict[str, Any]]:
    head = text.split("\n", 1)[0]
    return list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in head else ","))


def _json_rows(text: str) -> list[dict[str, Any]]:
    content = json.loads(text)
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if lists else list(content.values())
    return list(content)


def find_codes(path: Path) -> CodeList:
    """Return the code list beside a file, else the built-in one.

    Raises
    ------
    SourceError
        There is a list, and it is no code list.
    """
    for name in ("types.csv", "types.json"):
        beside = path.parent / name
        if beside.is_file():
            return read_codes(beside)
    return built_in_codes()


def read_codes(path: Path) -> CodeList:
    """Read a code list from a file.

    Raises
    ------
    SourceError
        The file cannot be opened or is no code list.
    """
    require_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(
            _("{path} cannot be opened: {reason}").format(path=path, reason=error.strerror)
        ) from error
    return parse_codes(data, name=path.name)


def parse_code_text(text: str) -> tuple[int, ...]:
    """Return the codes in a text such as ``107``, ``76;97;107`` or ``[76, 97]``."""
    return tuple(int(code) for code in re.findall(r"\d{1,9}", text))
