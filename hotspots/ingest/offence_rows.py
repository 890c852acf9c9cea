"""A row of the offence table, and the rules it keeps."""

from dataclasses import dataclass
from typing import Final

from hotspots.i18n import _
from hotspots.ingest.citations import find_citations, parse_law
from hotspots.ingest.offence_words import split_pattern
from hotspots.offences import OFFENCE_GROUPS
from hotspots.place_text import fold

PARAGRAPH: Final = "paragraph"
POLICE_TYPE: Final = "police_type"
WORDING: Final = "wording"
KINDS: Final = (PARAGRAPH, POLICE_TYPE, WORDING)
HEADER: Final = ("kind", "pattern", "law", "group", "note")
ANY_PARAGRAPH: Final = "*"
_MAX_PATTERN: Final = 200
_MIN_STEM: Final = 2


@dataclass(frozen=True)
class OffenceRow:
    """One row.

    Attributes
    ----------
    kind
        One of `KINDS`.
    pattern
        "§ 5 odst. 1 písm. d)" or "§ *" (any paragraph of its law), a police code, or words; a word
        that ends with "*" stands for any ending.
    law
        "251/2016"; empty for other kinds.
    group
        Offence group.
    note
        For a reader.
    own
        The town's row, not a shipped one.
    """

    kind: str
    pattern: str
    law: str
    group: str
    note: str = ""
    own: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What two rows of one meaning have in common."""
        if self.kind == PARAGRAPH:
            return (self.kind, self.law, *self.paragraph)
        if self.kind == POLICE_TYPE:
            return (self.kind, str(int(self.pattern)))
        return (self.kind, *split_pattern(self.pattern))

    @property
    def paragraph(self) -> tuple[str, str, str]:
        """Paragraph, section and letter; `ANY_PARAGRAPH` for a whole law."""
        if "*" in self.pattern:
            return ANY_PARAGRAPH, "", ""
        cited, _rest = find_citations(fold(self.pattern))
        return cited[0].paragraph, cited[0].section, cited[0].letter

    @classmethod
    def make(
        cls,
        kind: str,
        pattern: str,
        *,
        law: str = "",
        group: str,
        note: str = "",
        own: bool = False,
    ) -> "OffenceRow":
        """Return a row that keeps the rules.

        Raises
        ------
        ValueError
            It breaks one; the message says which, and the cure.
        """
        pattern = " ".join(pattern.split())
        if kind not in KINDS:
            raise ValueError(
                _("kind '{kind}' is unknown; choose from: {known}").format(
                    kind=kind[:40], known=", ".join(KINDS)
                )
            )
        if group not in OFFENCE_GROUPS:
            raise ValueError(
                _("offence '{name}' is unknown; choose from: {known}").format(
                    name=group[:40], known=", ".join(OFFENCE_GROUPS)
                )
            )
        if not pattern or len(pattern) > _MAX_PATTERN:
            raise ValueError(
                _("the pattern must have 1 to {n} characters, got {got}").format(
                    n=_MAX_PATTERN, got=len(pattern)
                )
            )
        if kind == PARAGRAPH:
            law = _paragraph_law(pattern, law)
        elif kind == POLICE_TYPE:
            if not (pattern.isascii() and pattern.isdigit() and len(pattern) < 10):
                raise ValueError(
                    _("a police code is a number, got '{pattern}'").format(pattern=pattern)
                )
        else:
            _check_words(pattern)
        return cls(kind, pattern, law if kind == PARAGRAPH else "", group, note, own)


def kind_of(pattern: str) -> str:
    """Return the kind that a pattern has by its look: one with "§" is a paragraph."""
    return PARAGRAPH if "§" in pattern else WORDING


def _paragraph_law(pattern: str, law: str) -> str:
    """Return the law of a paragraph's row, checked."""
    whole = pattern.replace(" ", "").startswith("§*")
    cited, _rest = find_citations(fold(pattern))
    if not whole and len(cited) != 1:
        raise ValueError(
            _(
                "'{pattern}' is no paragraph; write it as § 5 odst. 1 písm. d), or § * for any "
                "paragraph of the law"
            ).format(pattern=pattern)
        )
    if whole and not law:
        law = pattern.partition("*")[2]
    named = parse_law(fold(law)) or (cited[0].law if cited else "")
    if not named:
        raise ValueError(
            _(
                "'{pattern}' needs the law it is in, such as 251/2016, in the column law or "
                "after it: § 5 z. č. 251/2016 Sb."
            ).format(pattern=pattern)
        )
    return named


def _check_words(pattern: str) -> None:
    words = split_pattern(pattern)
    if not any(word.strip("*").isalnum() for word in words):
        raise ValueError(_("'{pattern}' holds no word").format(pattern=pattern))
    if any(word.endswith("*") and len(word) <= _MIN_STEM for word in words[:1]) or any(
        word == "*" for word in pattern.split()
    ):
        raise ValueError(
            _("'{pattern}': two letters at least must stand before * in the first word").format(
                pattern=pattern
            )
        )
