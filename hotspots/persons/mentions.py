"""What is found of a person: texts that speak of them, and where they stand."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from hotspots import schema
from hotspots.i18n import _
from hotspots.persons.matching import Wanted, context
from hotspots.store import copies

REJECTED: Final = "rejected_rows"
WAITING: Final = "waiting_file"
JOB: Final = "job"
LINES: Final = "lines"

_LONG: Final = 600
# Kinds of places in which nothing is erased: a person has to.
LEFT_KINDS: Final = frozenset({copies.REFERENCE, copies.MAPPING})


@dataclass(frozen=True)
class Mention:
    """One text that speaks of the person.

    Attributes
    ----------
    kind
        What keeps the text: a kind of `hotspots.store.copies`, `REJECTED`, `WAITING` or `JOB`.
    field
        Column or part of it.
    text
        The whole text; of a file the line.
    spans
        Where in the text the person is spoken of: start and end in characters.
    incident_id, source, day
        Of the incident; empty where it is no incident's. The day is ISO.
    number
        Of the decision or import; 0 where it has none.
    file
        Name of the file that holds it; empty in the database.
    """

    kind: str
    field: str
    text: str
    spans: tuple[tuple[int, int], ...]
    incident_id: str = ""
    source: str = ""
    day: str = ""
    number: int = 0
    file: str = ""

    @property
    def is_left(self) -> bool:
        """Whether erasing leaves it to a person: a reference or a column mapping."""
        return self.field in LEFT_KINDS

    @property
    def context(self) -> tuple[str, str, str]:
        """What stands before the first mention, the mention, and what follows."""
        return context(self.text, self.spans[0])

    @property
    def pieces(self) -> tuple[tuple[str, bool], ...]:
        """The text in pieces, and which of them are mentions; of a long text the first's context.

        A text is long from some hundred characters on.
        """
        if len(self.text) > _LONG:
            before, mention, after = self.context
            return ((before, False), (mention, True), (after, False))
        found: list[tuple[str, bool]] = []
        at = 0
        for start, end in self.spans:
            found += [(self.text[at:start], False), (self.text[start:end], True)]
            at = end
        return (*found, (self.text[at:], False))

    @property
    def forms(self) -> tuple[str, ...]:
        """The mentions as they stand in the text."""
        return tuple(self.text[start:end] for start, end in self.spans)

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "kind": self.kind,
            "field": self.field,
            "incident": self.incident_id or None,
            "source": self.source or None,
            "day": self.day or None,
            "number": self.number or None,
            "file": self.file or None,
            "found": list(self.forms),
            "text": self.text,
            "erasable": not self.is_left,
        }


@dataclass(frozen=True)
class Found:
    """What the workspace says of a person.

    Attributes
    ----------
    wanted
        What was looked for.
    mentions
        Texts that speak of it: incidents first, by source and reference.
    n_backups
        Backups in the workspace; they are not searched.
    """

    wanted: Wanted
    mentions: tuple[Mention, ...]
    n_backups: int

    @property
    def incidents(self) -> tuple[str, ...]:
        """Ids of the incidents that speak of it."""
        return tuple(dict.fromkeys(one.incident_id for one in self.mentions if one.incident_id))

    @property
    def found_forms(self) -> tuple[tuple[str, int], ...]:
        """Forms as they stand in the texts with their numbers, the commonest first."""
        counted = Counter(form for one in self.mentions for form in one.forms)
        return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "looked_for": list(self.wanted.forms),
            "found_forms": dict(self.found_forms),
            "incidents": list(self.incidents),
            "mentions": [one.to_dict() for one in self.mentions],
            "backups_not_searched": self.n_backups,
        }


def where_label(mention: Mention) -> str:
    """Return where a mention stands, for a reader."""
    if mention.field in LEFT_KINDS:
        return {
            copies.REFERENCE: _("reference of the incident"),
            copies.MAPPING: _("column mapping of import {number}").format(number=mention.number),
        }[mention.field]
    text = {
        schema.NOTE: _("note"),
        schema.PLACE_TEXT: _("place as the file has it"),
        schema.PLACE_MATCHED: _("place as it was understood"),
        schema.OFFENCE_DETAIL: _("offence in the file's words"),
        copies.FILE_NAME: _("name of the file"),
        copies.ACCOUNT: _("account of the import"),
        copies.SUBJECT: _("what a decision is about"),
        LINES: _("a line of it"),
    }[mention.field]
    keeper = kind_label(mention.kind)
    if mention.number:
        keeper += f" {mention.number}"
    if mention.kind in {copies.STORED, copies.PLACED}:
        return text
    return f"{keeper}: {text}"


def kind_label(kind: str) -> str:
    """Return what keeps a text, for a reader."""
    return {
        copies.STORED: _("incident"),
        copies.FORMER: _("former version"),
        copies.WITHDRAWN: _("undone import"),
        copies.PLACED: _("place of an incident"),
        copies.REMEMBERED: _("remembered place of decision"),
        copies.DECIDED: _("decision"),
        copies.REPLACED: _("what was before decision"),
        copies.IMPORTED: _("import"),
        REJECTED: _("list of rows that could not be used"),
        WAITING: _("file that waits for import"),
        JOB: _("record of a job"),
    }[kind]
