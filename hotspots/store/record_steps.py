"""What each import and each person did to a source's periods of record, so it can be retold."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hotspots.periods import Span

STATES: Final = "states"  # the file or its user says which days it covers
SILENT: Final = "silent"  # nobody says, so the days of the incidents decide
FOREIGN: Final = "foreign"  # a file of another municipality says nothing about this one
Records = tuple[tuple[Span, ...], tuple[Span, ...]]


@dataclass(frozen=True)
class RecordStep:
    """What one import did to its source.

    Attributes
    ----------
    kind
        `STATES`, `SILENT` or `FOREIGN`.
    stated
        Days stated; empty unless `kind` is `STATES`.
    before
        Confirmed and inferred periods of record before the import.
    label, citation
        Of the source, as the file states them; empty where it does not.
    set_after
        What a person set after this import and before the next one, confirmed and inferred; None
        where nobody did.
    """

    kind: str
    stated: tuple[Span, ...] = ()
    before: Records = ((), ())
    label: str = ""
    citation: str = ""
    set_after: Records | None = None

    def to_json(self) -> str:
        """Return the step as the store keeps it."""
        value: dict[str, Any] = {
            "kind": self.kind,
            "stated": _texts(self.stated),
            "before": [_texts(spans) for spans in self.before],
            "label": self.label,
            "citation": self.citation,
        }
        if self.set_after is not None:
            value["set_after"] = [_texts(spans) for spans in self.set_after]
        return json.dumps(value, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "RecordStep | None":
        """Read a stored step; None for an import that did not note it."""
        value: dict[str, Any] = json.loads(text) if text else {}
        if "kind" not in value:
            return None
        confirmed, inferred = (_spans(spans) for spans in value["before"])
        after = value.get("set_after")
        return cls(
            kind=value["kind"],
            stated=_spans(value["stated"]),
            before=(confirmed, inferred),
            label=value["label"],
            citation=value["citation"],
            set_after=None if after is None else (_spans(after[0]), _spans(after[1])),
        )

    def with_person(self, confirmed: Sequence[Span], inferred: Sequence[Span]) -> "RecordStep":
        """Return the step with what a person set after it."""
        return replace(self, set_after=(tuple(confirmed), tuple(inferred)))


def _texts(spans: Sequence[Span]) -> list[str]:
    return [str(span) for span in spans]


def _spans(texts: Sequence[str]) -> tuple[Span, ...]:
    return tuple(Span.parse(text) for text in texts)
