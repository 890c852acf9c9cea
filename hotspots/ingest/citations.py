"""Citations of paragraphs in a cell: "§ 5 odst. 1 písm. d) z. č. 251/2016 Sb.", "§5/1d"."""

import re
from dataclasses import dataclass
from typing import Final

# Laws by the names that people give them, folded; "*" would be of no use here.
_LAW_NAMES: Final = (
    (re.compile(r"\b(?:tr(?:est\w*)?\.?\s*zak(?:onik\w*|\.)?|trz|tz)(?=\W|$)"), "40/2009"),
    (re.compile(r"\bzak(?:on\w*|\.)?\s*o\s*nekterych\s*prestupcich"), "251/2016"),
    (re.compile(r"\bzak(?:on\w*|\.)?\s*o\s*silnicnim\s*provozu"), "361/2000"),
)
_LAW: Final = re.compile(
    r"(?P<before>(?:\b(?:podle|dle|ve|v|zakona|zakon|zak|zk|zneni|z|cislo|c)\b\.?\s*)*)"
    r"(?<![\d/])(?P<number>\d{1,3})\s*/\s*(?P<year>(?:19|20)\d\d|\d\d)(?![\d/])"
    r"(?P<after>\s*(?:sb\b\.?|sbirky))?"
)
_LETTERS: Final = r"[a-z]\)?(?:\s*(?:,|a|\+)\s*[a-z]\)(?!\w))*"
_CLOSED_LETTERS: Final = r"[a-z]\)(?:\s*(?:,|a|\+)\s*[a-z]\)(?!\w))*"
_PARAGRAPH: Final = re.compile(
    r"(?:§+|\bpar(?:agraf\w*)?\b\.?)\s*(?P<number>\d{1,3}[a-z]{0,2})(?![a-z0-9])"
    r"(?:\s*,?\s*(?:odst(?:avec|avce)?\.?\s*|/\s*|\(\s*)(?P<section>\d{1,2})(?:\s*\))?"
    r"(?![0-9]))?"
    rf"(?:\s*,?\s*(?:/\s*|pism(?:eno|ene)?\.?\s*)(?P<letters>{_LETTERS})(?![a-z0-9])"
    rf"|(?P<close>{_LETTERS})(?![a-z0-9])|\s+(?P<paren>{_CLOSED_LETTERS})(?![a-z0-9]))?"
    r"(?:\s*(?:bod\.?|/)\s*\d{1,2})?"
)
_MORE: Final = re.compile(r"\s*(?:,|\ba\b)\s*(\d{1,3}[a-z]?)(?![a-z0-9/.])")
_SHORT_YEARS: Final = 100
_CENTURY: Final = 60  # a year written "90" is 1990, "16" is 2016


@dataclass(frozen=True)
class Citation:
    """One paragraph cited.

    Attributes
    ----------
    paragraph, section, letter
        "47a", "1", "d"; empty where not said.
    law
        "251/2016"; empty where no law is named.
    """

    paragraph: str
    section: str = ""
    letter: str = ""
    law: str = ""

    def __str__(self) -> str:
        """Return the citation as a reader writes it."""
        text = f"§ {self.paragraph}"
        text += f" odst. {self.section}" if self.section else ""
        text += f" písm. {self.letter})" if self.letter else ""
        return text + (f" z. č. {self.law} Sb." if self.law else "")


def parse_law(text: str) -> str:
    """Return a law's number as "251/2016"; the empty text where `text` is none."""
    found = _LAW.fullmatch(text.strip())
    return _law(found) if found else ""


def find_citations(text: str) -> tuple[tuple[Citation, ...], str]:
    """Return the citations in a folded text, and the text with separators in their place.

    A law named applies to the paragraphs before it that have none, and to those after it while no
    paragraph went before.
    """
    if not re.search(r"§|\bpar(?:agraf\w*)?\b", text):
        return (), text
    laws, held = _find_laws(text)
    found: list[tuple[int, Citation]] = []
    taken = list(held)
    for match in _PARAGRAPH.finditer(text):
        if any(start <= match.start() < end for start, end in held):
            continue
        said = match["letters"] or match["close"] or match["paren"] or ""
        letters = re.findall(r"^[a-z]|[a-z](?=\))", said) or [""]
        number = match["number"]
        found += [
            (match.start(), Citation(number, match["section"] or "", letter))
            for letter in dict.fromkeys(letters)
        ]
        end = match.end()
        if match[0].startswith("§§"):
            while more := _MORE.match(text, end):
                found.append((more.start(), Citation(more[1])))
                end = more.end()
        taken.append((match.start(), end))
    cited = []
    for at, one in found:
        after = [law for place, law in laws if place > at]
        before = [law for place, law in laws if place < at]
        leads = bool(laws) and bool(found) and laws[0][0] < found[0][0]
        law = (before[-1] if before else "") if leads else (after[0] if after else "")
        cited.append(Citation(one.paragraph, one.section, one.letter, law))
    return tuple(dict.fromkeys(cited)), _cut(text, taken)


def _find_laws(text: str) -> tuple[list[tuple[int, str]], list[tuple[int, int]]]:
    found: list[tuple[int, str]] = []
    taken: list[tuple[int, int]] = []
    for match in _LAW.finditer(text):
        named = match["after"] or match["before"].strip()
        if len(match["year"]) == 2 and not named:  # "5/10" is no law
            continue
        # What stands within a citation, such as "§ 5/10", is its section.
        if re.search(r"§\s*$", text[: match.start("number")]):
            continue
        found.append((match.start("number"), _law(match)))
        taken.append(match.span())
    for pattern, law in _LAW_NAMES:
        for match in pattern.finditer(text):
            found.append((match.start(), law))
            taken.append(match.span())
    return sorted(found), taken


def _law(match: re.Match[str]) -> str:
    year = int(match["year"])
    if year < _SHORT_YEARS:
        year += 1900 if year > _CENTURY else 2000
    return f"{int(match['number'])}/{year}"


def _cut(text: str, taken: list[tuple[int, int]]) -> str:
    """Put a separator and blanks in place of what was taken; all else stays where it is."""
    out = list(text)
    for start, end in taken:
        out[start:end] = ";".ljust(end - start)
    return "".join(out)
