"""A mapping proposed for a file from the names and the values of its columns, with reasons."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from rapidfuzz import fuzz

from hotspots import filetypes, schema
from hotspots.clean import PRAGUE
from hotspots.errors import ParameterError
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
from hotspots.offences import OTHER_OFFENCE

SAMPLE_ROWS: Final = 500
_NEAR: Final = 88.0  # of 100, from which a name is taken for a misspelt one
_SURE: Final = 0.9  # values that fit so well need no name
_NAMELESS: Final = frozenset({OCCURRED, COORDINATES, schema.OFFENCE})
_MIN_SCORE: Final = 0.45
_NAME_WEIGHT: Final = 0.6
_TIMES_SHARE: Final = 0.2


@dataclass(frozen=True)
class Guess:
    """One field, the column proposed for it, how sure that is (0 to 1) and why, in words."""

    field: str
    column: str
    score: float
    reason: str


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
    questions
        What a person should look at, in sentences.
    """

    mapping: Mapping
    guesses: tuple[Guess, ...]
    unused: tuple[str, ...]
    questions: tuple[str, ...]


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
    table = open_table(path, file_format, how)
    block = next(iter(table.blocks(SAMPLE_ROWS)), None)
    table_of_offences = offences or OffenceTable.shipped()
    today = datetime.now(PRAGUE).date()
    samples = []
    for name in table.columns:
        texts = [] if block is None or not name else block.column(name).to_pylist()
        filled = tuple(text for text in texts if text and not is_total(text))
        samples.append(Sample(name, filled, today, table_of_offences))
    samples = [one for one in samples if one.name]
    guesses = _assign(samples, has_geometry=table.has_geometry)
    guesses, questions = _settle(guesses, samples, has_geometry=table.has_geometry)
    columns = {g.field: g.column for g in guesses}
    values = {} if schema.OFFENCE in columns else {schema.OFFENCE: OTHER_OFFENCE}
    source = source or how.source or slug_of(path)
    if not kind and (guessed := _kind_question(path, table.columns)):
        questions.append(guessed)
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
    return Proposal(mapping, tuple(guesses), unused, tuple(questions))


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
) -> tuple[list[Guess], list[str]]:
    """Make the guesses one mapping that keeps the rules, and say what is open."""
    by = {g.field: g for g in guesses}
    sample_of = {s.name: s for s in samples}
    questions: list[str] = []
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
            _("'{column}' looks like one coordinate; the other one was not found").format(
                column=lost.column
            )
        )
    if schema.X in by:
        by.pop(COORDINATES, None)
    place = by.get(schema.PLACE_TEXT)
    is_street = place and normalize_name(place.column).startswith(("ulice", "street"))
    if is_street and {PLACE_NUMBER, PLACE_PART} & set(by):
        by[PLACE_STREET] = replace(by.pop(schema.PLACE_TEXT), field=PLACE_STREET)
    if DATE not in by and OCCURRED not in by and schema.REPORTED_AT not in by:
        questions.append(_("no column with the date was found; choose it as 'occurred'"))
    used = {g.column for g in by.values()}
    dated = [s.name for s in samples if s.name not in used and s.values and s.dates >= _SURE]
    begins = by.get(OCCURRED) or by.get(DATE)
    if dated and begins:
        questions.append(
            _("several columns look like dates: {names}; '{chosen}' was taken as when").format(
                names=", ".join(f"'{name}'" for name in (begins.column, *dated)),
                chosen=begins.column,
            )
        )
    if schema.OFFENCE not in by:
        questions.append(
            _("no column with the offence was found; all rows are taken as other_offence")
        )
    elif sample_of[by[schema.OFFENCE].column].known_offences < _SURE:
        share = sample_of[by[schema.OFFENCE].column].known_offences
        questions.append(
            _(
                "of the values of '{column}', {share} % mean a known offence; look at the rest"
            ).format(column=by[schema.OFFENCE].column, share=format_number(round(100 * share)))
        )
    places = {schema.X, COORDINATES, schema.PLACE_TEXT, PLACE_STREET}
    if not has_geometry and not places & set(by):
        questions.append(_("no column with the place was found; nothing could be shown on a map"))
    return sorted(by.values(), key=lambda g: _order(g.field)), questions


def _kind_question(path: Path, columns: tuple[str, ...]) -> str:
    words = normalize_name(path.stem) + " " + " ".join(normalize_name(c) for c in columns)
    if "asistent" in words or "apk" in words:
        return _("it looks like reports of assistants; if so, choose the kind apk")
    if "straznik" in words or "mestskapolicie" in words or "prestup" in words:
        return _("it looks like records of the municipal police; if so, choose municipal_police")
    return ""
