"""A mapping proposed for a file from the names and the values of its columns, with reasons."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from rapidfuzz import fuzz

from hotspots import filetypes, schema
from hotspots.clean import FROM_1900, PRAGUE
from hotspots.errors import ParameterError, SchemaError, SourceError
from hotspots.i18n import _, format_number
from hotspots.ingest.mapping import (
    COORDINATES,
    DATE,
    OCCURRED,
    PLACE_NUMBER,
    PLACE_PART,
    PLACE_STREET,
    TIME,
    Mapping,
)
from hotspots.ingest.offence_table import OffenceTable
from hotspots.ingest.opening import open_table
from hotspots.ingest.propose import FIELD_NAMES, normalize_name, slug_of
from hotspots.ingest.propose_values import CHECKED, Sample
from hotspots.ingest.table import is_total
from hotspots.ingest.workbook import SeveralSheetsError
from hotspots.offences import OTHER_OFFENCE, offence_label

SAMPLE_ROWS: Final = 500
_NEAR: Final = 88.0  # of 100, from which a name is taken for a misspelt one
_SURE: Final = 0.9  # values that fit so well need no name
_NAMELESS: Final = frozenset({OCCURRED, COORDINATES, schema.OFFENCE})
_MIN_SCORE: Final = 0.45
_NAME_WEIGHT: Final = 0.6
_TIMES_SHARE: Final = 0.2
_SHEETS_LIMIT: Final = 10  # sheets of one workbook that are looked at
_PLACES: Final = frozenset({schema.X, COORDINATES, schema.PLACE_TEXT, PLACE_STREET})
_NEEDED: Final = frozenset({"date", "offence", "place"})


@dataclass(frozen=True)
class Guess:
    """One field, the column proposed for it, how sure that is (0 to 1) and why, in words."""

    field: str
    column: str
    score: float
    reason: str


@dataclass(frozen=True)
class Question:
    """What a person should look at: a topic, the sentence, and the column it is about."""

    topic: str
    text: str
    column: str = ""


@dataclass(frozen=True)
class Proposal:
    """What a file's columns seem to mean.

    Attributes
    ----------
    mapping
        Ready to be used or edited.
    guesses
        One for each column used.
    unused
        Columns that are not used.
    asked
        What a person should look at.
    sheet
        The sheet taken of a workbook that has several; empty otherwise.
    """

    mapping: Mapping
    guesses: tuple[Guess, ...]
    unused: tuple[str, ...]
    asked: tuple[Question, ...]
    sheet: str = ""

    @property
    def questions(self) -> tuple[str, ...]:
        """What a person should look at, in sentences."""
        return tuple(one.text for one in self.asked)


def open_questions(proposal: Proposal, mapping: Mapping) -> tuple[Question, ...]:
    """Return the questions of a proposal that a mapping, as edited since, does not answer.

    Parameters
    ----------
    proposal
        What was proposed for the file.
    mapping
        What a person made of it.
    """
    return tuple(one for one in proposal.asked if not _is_answered(one, proposal, mapping))


def find_missing(proposal: Proposal) -> tuple[Question, ...]:
    """Return why a proposal is not to be taken unseen: what, where or when has no column.

    Nothing is missing where every column is used: the file then says no more.
    """
    if not proposal.unused:
        return ()
    asked = open_questions(proposal, proposal.mapping)
    return tuple(one for one in asked if one.topic in _NEEDED)


def _is_answered(question: Question, proposal: Proposal, mapping: Mapping) -> bool:
    fields = set(mapping.columns)
    used = set(mapping.columns.values())
    before = proposal.mapping.columns
    match question.topic:
        case "coordinate":
            return question.column in used or bool(_PLACES & fields)
        case "date":
            return bool({OCCURRED, DATE, schema.REPORTED_AT} & fields)
        case "dates":
            starts = {mapping.columns.get(OCCURRED), mapping.columns.get(DATE)}
            return question.column not in starts or used != set(before.values())
        case "offence":
            said = mapping.values.get(schema.OFFENCE, "")
            return schema.OFFENCE in fields or said not in {"", OTHER_OFFENCE}
        case "values":
            column = mapping.columns.get(schema.OFFENCE)
            return column != question.column or mapping.offences != proposal.mapping.offences
        case "place":
            return bool(_PLACES & fields)
        case "kind":
            return mapping.kind != proposal.mapping.kind
        case _:  # the sheet
            return mapping.sheet != proposal.sheet


def propose(
    path: Path,
    *,
    source: str = "",
    kind: str = "",
    sheet: str = "",
    base: Mapping | None = None,
    offences: OffenceTable | None = None,
) -> Proposal:
    """Propose what the columns of a file mean, from its header and its first 500 rows.

    Every pair of field and column gets a score from the column's name (exact, beginning so, or
    nearly so) and from the share of its values that fit the field; the best pairs are taken first,
    each field and column once. A column whose values cannot be what the field holds never gets it.

    Parameters
    ----------
    path
        CSV, TSV, XLSX, GeoPackage or GeoJSON.
    source, kind
        Source of the incidents and who recorded them; by default made of the file's name, and
        "other".
    sheet
        Sheet of a workbook.
    base
        How to read the file (delimiter, encoding, sheet, layer).
    offences
        Table by which offences are known; None takes the shipped one.

    Raises
    ------
    SourceError, SchemaError, CRSError
        The file cannot be read as a table.
    ParameterError
        The file is an archive, or `kind` is unknown.
    """
    path = Path(path)
    how = base or Mapping()
    if sheet:
        how = replace(how, sheet=sheet)
    file_format = filetypes.detect_format(path)
    if file_format == filetypes.ZIP:
        raise ParameterError(
            _("{name}: a mapping applies to a single file; unpack the archive first").format(
                name=path.name
            )
        )
    try:
        table = open_table(path, file_format, how)
    except SeveralSheetsError as several:
        return _best_sheet(several, path, source=source, kind=kind, base=how, offences=offences)
    block = next(iter(table.blocks(SAMPLE_ROWS)), None)
    table_of_offences = offences or OffenceTable.shipped()
    today = datetime.now(PRAGUE).date()
    samples = []
    for name in table.columns:
        texts = [] if block is None or not name else block.column(name).to_pylist()
        filled = tuple(text for text in texts if text and not is_total(text))
        day_zero = FROM_1900 if block is None else block.day_zero
        samples.append(Sample(name, filled, today, table_of_offences, day_zero))
    samples = [one for one in samples if one.name]
    guesses = _assign(samples, has_geometry=table.has_geometry)
    guesses, questions = _settle(guesses, samples, has_geometry=table.has_geometry)
    columns = {g.field: g.column for g in guesses}
    values = {} if schema.OFFENCE in columns else {schema.OFFENCE: OTHER_OFFENCE}
    source = source or how.source or slug_of(path)
    if not kind and (guessed := _kind_question(path, table.columns)):
        questions.append(Question("kind", guessed))
    used = set(columns.values())
    mapping = replace(
        how,
        source=source,
        kind=kind or how.kind or "other",
        label=how.label or source,
        columns=columns,
        values=values | how.values,
    )
    unused = tuple(one.name for one in samples if one.name not in used)
    if how.values.get(schema.OFFENCE):
        questions = [one for one in questions if one.topic != "offence"]
    return Proposal(mapping, tuple(guesses), unused, tuple(questions))


def _best_sheet(
    several: SeveralSheetsError,
    path: Path,
    *,
    source: str,
    kind: str,
    base: Mapping,
    offences: OffenceTable | None,
) -> Proposal:
    """Return the proposal of the sheet of which most is understood; of equals the first."""
    found = []
    for sheet in several.sheets[:_SHEETS_LIMIT]:
        try:
            one = propose(path, source=source, kind=kind, sheet=sheet, base=base, offences=offences)
        except (SourceError, SchemaError):
            continue  # no table
        found.append((sum(guess.score for guess in one.guesses), sheet, one))
    if not found:
        raise several
    _score, sheet, best = max(found, key=lambda item: item[0])
    text = _("the workbook has several sheets: {names}; “{chosen}” was taken").format(
        names=", ".join(_("“{text}”").format(text=name) for name in several.sheets), chosen=sheet
    )
    return replace(best, sheet=sheet, asked=(Question("sheet", text), *best.asked))


def _assign(samples: list[Sample], *, has_geometry: bool) -> list[Guess]:
    """Return the best pairs of field and column, best first, each field and column once."""
    pairs: list[tuple[float, int, Guess]] = []
    rank = 0
    for field, names in FIELD_NAMES:
        if has_geometry and field in {schema.X, schema.Y, COORDINATES}:
            continue
        for sample in samples:
            named, reason = _likeness(sample.name, names)
            fits = sample.fit(field)
            if field in CHECKED and fits < 0.5:
                continue
            if named == 0 and not (field in _NAMELESS and fits >= _SURE and sample.values):
                continue
            if named and fits < 0.15:
                continue
            score = _NAME_WEIGHT * named + (1 - _NAME_WEIGHT) * fits
            if named == 0:
                score = _MIN_SCORE + 0.1 * (fits - _SURE)
            if score < _MIN_SCORE:
                continue
            pairs.append((score, rank, Guess(field, sample.name, round(score, 2), reason)))
            rank += 1
    taken: dict[str, Guess] = {}
    columns: set[str] = set()
    for _score, _rank, guess in sorted(pairs, key=lambda p: (-p[0], p[1])):
        if guess.field not in taken and guess.column not in columns:
            taken[guess.field] = guess
            columns.add(guess.column)
    return sorted(taken.values(), key=lambda g: _order(g.field))


def _order(field: str) -> int:
    return [*(f for f, _names in FIELD_NAMES), PLACE_STREET].index(field)


def _likeness(name: str, names: tuple[str, ...]) -> tuple[float, str]:
    """Return how near a column's name is to a field's usual names, and why in words."""
    plain = normalize_name(name)
    if plain in names:
        return 1.0, _("named so")
    for wanted in names:
        if len(wanted) >= 4 and plain.startswith(wanted):
            return 0.85, _("its name begins so")
    for wanted in names:
        if len(wanted) >= 5 and fuzz.ratio(plain, wanted) >= _NEAR:
            return 0.7, _("its name is nearly so")
    return 0.0, _("its values look so")


def _settle(
    guesses: list[Guess], samples: list[Sample], *, has_geometry: bool
) -> tuple[list[Guess], list[Question]]:
    """Make the guesses one mapping that keeps the rules, and say what is open."""
    by = {g.field: g for g in guesses}
    sample_of = {s.name: s for s in samples}
    questions: list[Question] = []
    if OCCURRED in by and DATE in by:
        if TIME in by or by[DATE].score > by[OCCURRED].score:
            by.pop(OCCURRED)
        else:
            by.pop(DATE)
    if TIME in by and DATE not in by:
        if OCCURRED in by and sample_of[by[OCCURRED].column].with_time < _TIMES_SHARE:
            by[DATE] = replace(by.pop(OCCURRED), field=DATE)
        else:
            by.pop(TIME)
    if (schema.X in by) != (schema.Y in by):
        lost = by.pop(schema.X, None) or by.pop(schema.Y)
        questions.append(
            Question(
                "coordinate",
                _("“{column}” looks like one coordinate; the other one was not found").format(
                    column=lost.column
                ),
                lost.column,
            )
        )
    if schema.X in by:
        by.pop(COORDINATES, None)
    place = by.get(schema.PLACE_TEXT)
    is_street = place and normalize_name(place.column).startswith(("ulice", "street"))
    if is_street and {PLACE_NUMBER, PLACE_PART} & set(by):
        by[PLACE_STREET] = replace(by.pop(schema.PLACE_TEXT), field=PLACE_STREET)
    if DATE not in by and OCCURRED not in by and schema.REPORTED_AT not in by:
        questions.append(Question("date", _("no column with the date was found; choose one")))
    used = {g.column for g in by.values()}
    dated = [s.name for s in samples if s.name not in used and s.values and s.dates >= _SURE]
    begins = by.get(OCCURRED) or by.get(DATE)
    if dated and begins:
        questions.append(
            Question(
                "dates",
                _("several columns look like dates: {names}; “{chosen}” was taken as when").format(
                    names=", ".join(
                        _("“{text}”").format(text=name) for name in (begins.column, *dated)
                    ),
                    chosen=begins.column,
                ),
                begins.column,
            )
        )
    if schema.OFFENCE not in by:
        questions.append(
            Question(
                "offence",
                _("no column with the offence was found; all rows are taken as: {group}").format(
                    group=offence_label(OTHER_OFFENCE)
                ),
            )
        )
    elif sample_of[by[schema.OFFENCE].column].known_offences < _SURE:
        share = sample_of[by[schema.OFFENCE].column].known_offences
        questions.append(
            Question(
                "values",
                _(
                    "of the values of “{column}”, {share} % mean a known offence; look at the rest"
                ).format(column=by[schema.OFFENCE].column, share=format_number(round(100 * share))),
                by[schema.OFFENCE].column,
            )
        )
    if not has_geometry and not _PLACES & set(by):
        text = _("no column with the place was found; nothing could be shown on a map")
        questions.append(Question("place", text))
    return sorted(by.values(), key=lambda g: _order(g.field)), questions


def _kind_question(path: Path, columns: tuple[str, ...]) -> str:
    words = normalize_name(path.stem) + " " + " ".join(normalize_name(c) for c in columns)
    if "asistent" in words or "apk" in words:
        return _(
            "it looks like reports of assistants; if so, say that crime-prevention assistants "
            "recorded it"
        )
    if "straznik" in words or "mestskapolicie" in words or "prestup" in words:
        return _("it looks like records of the municipal police; if so, say that they recorded it")
    return ""
