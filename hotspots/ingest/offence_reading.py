"""One offence cell read by the table: paragraphs, police codes and wordings in it."""

import re
import unicodedata
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Final

from hotspots.ingest.citations import Citation, find_citations
from hotspots.ingest.offence_rows import (
    ANY_PARAGRAPH,
    PARAGRAPH,
    POLICE_TYPE,
    WORDING,
    OffenceRow,
)
from hotspots.ingest.offence_words import Wording, WordingIndex, split_pattern
from hotspots.ingest.police_types import built_in_codes
from hotspots.offences import OFFENCE_GROUPS
from hotspots.place_text import fold

# Law → first and last era (see `offence_table.ERAS`) in which it held.
_HELD: Final = {"200/1990": (0, 2), "251/2016": (3, 3), "65/2017": (2, 3), "40/2009": (1, 3)}
_LAST_ERA: Final = 3
_CODES: Final = re.compile(
    r"(?:typy?|types?|kody?|druhy?|code)?\s*:?\s*\[?\s*\d+(?:[\s,;]+\d+)*\s*\]?"
)
_CODE_WORD: Final = re.compile(r"[a-z\[]")
_LONGEST: Final = 2_000  # characters of a cell; a longer one is no list of offences


@dataclass(frozen=True)
class Said:
    """What one cell means.

    Attributes
    ----------
    groups
        Offence groups in page order, each once; empty where nothing is known.
    by
        Paragraphs, codes and wordings by which they were found.
    unknown
        Parts that mean nothing known.
    """

    groups: tuple[str, ...]
    by: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class Reader:
    """Reads cells by the rows of a table, and a mapping's own wordings above them."""

    def __init__(self, rows: tuple[OffenceRow, ...], own: AnyMapping[str, str]) -> None:
        self._whole = {" ".join(name.split()).casefold(): group for name, group in own.items()}
        self._groups = {group: group for group in OFFENCE_GROUPS}
        self._paragraphs: dict[tuple[str, str, str, str], str] = {}
        self._own_codes: dict[int, str] = {}
        self._codes = built_in_codes()
        wordings = [
            Wording(words, group, name, 0)
            for name, group in own.items()
            if (words := tuple(w.replace("*", "") for w in split_pattern(name))) and all(words)
        ]
        for row in rows:
            if row.kind == PARAGRAPH:
                self._paragraphs[(row.law, *row.paragraph)] = row.group
            elif row.kind == POLICE_TYPE and row.own:
                self._own_codes[int(row.pattern)] = row.group
            elif row.kind == WORDING:
                wordings.append(
                    Wording(split_pattern(row.pattern), row.group, row.pattern, 1 + (not row.own))
                )
        labels: dict[tuple[str, ...], set[str]] = {}
        for code, label in self._codes.labels.items():
            labels.setdefault(split_pattern(label), set()).add(self._codes.group_of(code))
        wordings += [
            Wording(words, groups.pop(), " ".join(words), 3)
            for words, groups in labels.items()
            if len(words) > 1 and len(groups) == 1
        ]
        self._index = WordingIndex(wordings)
        self._laws = sorted({law for law, *_rest in self._paragraphs})
        self._numbers = {number for _law, number, *_rest in self._paragraphs}

    def read(self, cell: str, era: int | None = None) -> Said:
        """Return what a cell means.

        Parameters
        ----------
        cell
            Text of the cell.
        era
            Position of the day among `offence_table.ERAS`; None where it is unknown.
        """
        plain = " ".join(cell.split()).casefold()
        group = self._whole.get(plain) or self._groups.get(plain)
        if group:
            return Said((group,), (plain,))
        if not plain or len(cell) > _LONGEST:
            return Said((), (), (plain[:60],) if plain else ())
        shown = unicodedata.normalize("NFC", cell)
        text = fold(shown)
        if _CODES.fullmatch(text.strip()):
            return self._read_codes(text)
        groups: set[str] = set()
        by: list[str] = []
        unknown: list[str] = []
        cited, rest = find_citations(text)
        for one in cited:
            meant = self._meaning(one, era)
            if meant:
                groups.add(meant)
                by.append(str(one))
            else:
                unknown.append(str(one))
        found = self._index.find(rest, shown=shown if len(shown) == len(rest) else "")
        groups.update(one.group for one in found.wordings)
        by += [one.shown for one in found.wordings]
        unknown += found.unknown
        return Said(in_page_order(groups), tuple(dict.fromkeys(by)), tuple(unknown))

    def _read_codes(self, text: str) -> Said:
        """Read police codes; a lone number that is a paragraph's too may mean either."""
        codes = [int(code) for code in re.findall(r"\d+", text)]
        known = [c for c in codes if c in self._codes.labels or c in self._own_codes]
        unknown = tuple(str(c) for c in codes if c not in known)
        is_code = _CODE_WORD.search(text) is not None or any(
            str(c) not in self._numbers for c in known
        )
        if not known or not is_code:
            return Said((), (), tuple(map(str, codes)))
        groups = {self._own_codes[c] for c in known if c in self._own_codes}
        official = [c for c in known if c not in self._own_codes]
        if official:
            groups.update(self._codes.describe(official).groups.split(";"))
        return Said(in_page_order(groups), tuple(map(str, known)), unknown)

    def _meaning(self, cited: Citation, era: int | None) -> str:
        """Return the group of a paragraph; the empty text where it is unknown or ambiguous."""
        if cited.law:
            return self._look_up(cited, cited.law) or self._paragraphs.get(
                (cited.law, ANY_PARAGRAPH, "", ""), ""
            )
        meant = set()
        for law in self._laws:
            first, last = _HELD.get(law, (0, _LAST_ERA))
            if era is None or first <= era <= last:
                meant.add(self._look_up(cited, law))
        meant.discard("")
        return meant.pop() if len(meant) == 1 else ""

    def _look_up(self, cited: Citation, law: str) -> str:
        for section, letter in (
            (cited.section, cited.letter),
            (cited.section, ""),
            ("", cited.letter),
            ("", ""),
        ):
            group = self._paragraphs.get((law, cited.paragraph, section, letter))
            if group:
                return group
        return ""


def in_page_order(groups: set[str]) -> tuple[str, ...]:
    """Return groups in the order in which pages show them."""
    return tuple(group for group in OFFENCE_GROUPS if group in groups)
