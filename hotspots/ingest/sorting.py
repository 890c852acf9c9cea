"""Put each incident of a file into one class of the account, and into the store."""

from collections import Counter
from dataclasses import dataclass, field
from math import isnan
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots import schema
from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.batch import Chunk
from hotspots.ingest.placing import Placer, count_methods, count_waiting, needs_place
from hotspots.link import COLUMNS_READ, count_near_duplicates
from hotspots.periods import day_numbers
from hotspots.personal import find_personal
from hotspots.place_text import place_key
from hotspots.store import ImportTransaction
from hotspots.store.erased import SPOKEN
from hotspots.store.frames import hash_content, text_array
from hotspots.store.reading import DAY_PRECISIONS, Match, PersonsPlace, StoredIncidents

LISTED_ROWS: Final = 10

IntArray = npt.NDArray[np.int64]
Said = tuple[bytes, float, float]  # content hash and position, NaN where there is none


def _same(one: Said, two: Said) -> bool:
    return one[0] == two[0] and (one[1:] == two[1:] or (isnan(one[1]) and isnan(two[1])))


@dataclass
class Sorting:
    """The sorting of one file, chunk by chunk.

    Attributes
    ----------
    stored
        What is stored of the source.
    transaction
        Where incidents are written; None in a dry run.
    boundary
        Study area, prepared shapely geometry in EPSG:5514; its edge is inside.
    placer
        Finds places given in words.
    is_typed
        A person has just typed it, knowing what was erased: erased texts are not kept out.
    rows_read, new, unchanged, updated, duplicates, outside, not_placed, counted_out, placed_by,
    waiting, personal_notes
        As in `Account`, so far.
    n_placed, n_inside
        Incidents of the file with a position, and those in the study area, stored before or not.
    """

    stored: StoredIncidents
    transaction: ImportTransaction | None
    boundary: Any
    placer: Placer
    is_typed: bool = False
    rows_read: int = 0
    new: int = 0
    unchanged: int = 0
    updated: int = 0
    duplicates: int = 0
    outside: int = 0
    not_placed: int = 0
    counted_out: int = 0
    placed_by: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    personal_notes: int = 0
    n_placed: int = 0
    n_inside: int = 0
    # Reference → place in the two lists: the file's row and content of its first occurrence.
    _seen: dict[str, int] = field(default_factory=dict)
    _first_rows: list[int] = field(default_factory=list)
    _first_said: list[Said] = field(default_factory=list)
    _differing: list[tuple[int, int]] = field(default_factory=list)
    _days: list[IntArray] = field(default_factory=list)
    _changed_days: list[IntArray] = field(default_factory=list)
    _updated_keys: list[int] = field(default_factory=list)
    _persons: dict[str, PersonsPlace] = field(default_factory=dict)
    _overruled: list[int] = field(default_factory=list)  # rows that a person's place stays for
    _stored_parts: list[pd.DataFrame] = field(default_factory=list)
    _erased: frozenset[str] = frozenset()
    _n_kept_out: int = 0

    def __post_init__(self) -> None:
        self._persons = self.stored.persons_places()
        if not self.is_typed:
            self._erased = self.stored.erased()

    def take(self, chunk: Chunk) -> None:
        """Sort one chunk."""
        self.rows_read += chunk.n_rows
        self.duplicates += chunk.n_merged
        refs: list[str] = (
            text_array(chunk.incidents[schema.SOURCE_REF]).to_numpy(zero_copy_only=False).tolist()
        )
        incidents = self._without_erased(chunk.incidents, refs)
        hashes = hash_content(incidents)
        xs: list[float] = incidents[schema.X].to_list()
        ys: list[float] = incidents[schema.Y].to_list()
        said = list(zip(hashes, xs, ys, strict=True))
        firsts = self._first_occurrences(refs, said, chunk.rows.tolist())
        known = self.stored.find([refs[at] for at in firsts])
        fresh: list[int] = []
        changed: list[int] = []
        matches: list[Match] = []
        same: list[str] = []
        brought_by: list[int] = []
        for at in firsts:
            match = known.get(refs[at])
            if match is None:
                fresh.append(at)
            elif match.content_hash != hashes[at] or not match.stands_at(xs[at], ys[at]):
                changed.append(at)
                matches.append(match)
            else:
                same.append(refs[at])
                brought_by.append(match.batch_id)
        self.unchanged += len(firsts) - len(fresh) - len(changed)
        self.updated += len(changed)
        self.counted_out += int((~incidents[schema.COUNTED].to_numpy(dtype=bool))[firsts].sum())
        self._note_days(incidents, firsts, fresh + changed)
        added = incidents if len(fresh) == len(incidents) else incidents.iloc[fresh]
        self._note_overruled(incidents, chunk.rows, changed, matches)
        placed = self._place(chunk.incidents, incidents, fresh, changed)
        self._classify(placed, firsts, fresh)
        self._note_notes(incidents[schema.NOTE], firsts)
        self._stored_parts.append(placed.iloc[fresh + changed])
        keys = [match.row_key for match in matches]
        if self.transaction is not None:
            self.transaction.insert(added, [hashes[at] for at in fresh])
            self.transaction.correct(incidents.iloc[changed], [hashes[at] for at in changed], keys)
            self.transaction.note_seen(same, brought_by)
        self._updated_keys += keys

    def _first_occurrences(self, refs: list[str], said: list[Said], rows: list[int]) -> list[int]:
        seen = self._seen
        distinct = set(refs)
        if len(distinct) == len(refs) and seen.keys().isdisjoint(distinct):
            # The common case, several times as fast: no reference repeats another.
            seen.update(zip(refs, range(len(seen), len(seen) + len(refs)), strict=True))
            self._first_rows += rows
            self._first_said += said
            return list(range(len(refs)))
        firsts = []
        for at, ref in enumerate(refs):
            place = seen.setdefault(ref, len(seen))
            if place == len(self._first_rows):
                self._first_rows.append(rows[at])
                self._first_said.append(said[at])
                firsts.append(at)
            else:
                self.duplicates += 1
                if not _same(self._first_said[place], said[at]):
                    self._differing.append((rows[at], self._first_rows[place]))
        return firsts

    def _without_erased(self, incidents: pd.DataFrame, refs: list[str]) -> pd.DataFrame:
        """Return incidents with what is left of the texts that were erased."""
        at = [number for number, ref in enumerate(refs) if ref in self._erased]
        if not at:
            return incidents
        kept = self.stored.kept_texts([refs[number] for number in at])
        said = {name: incidents[name].tolist() for name in SPOKEN}
        for number in at:
            left = dict(zip(SPOKEN, kept[refs[number]], strict=True))
            self._n_kept_out += any(said[name][number] != text for name, text in left.items())
            for name, text in left.items():
                said[name][number] = text
        return incidents.assign(
            **{
                name: pd.Series(texts, index=incidents.index, dtype=incidents[name].dtype)
                for name, texts in said.items()
            }
        )

    def _note_days(self, incidents: pd.DataFrame, firsts: list[int], stored: list[int]) -> None:
        times = incidents[schema.OCCURRED_FROM].to_numpy(dtype="datetime64[s]")
        dated = incidents[schema.TIME_PRECISION].isin(DAY_PRECISIONS).to_numpy(dtype=bool)
        dated = dated & ~np.isnat(times)
        for chosen, kept in ((firsts, self._days), (stored, self._changed_days)):
            at = np.asarray(chosen, dtype=np.int64)
            kept.append(day_numbers(times[at[dated[at]]]))

    def _place(
        self, incidents: pd.DataFrame, kept: pd.DataFrame, fresh: list[int], changed: list[int]
    ) -> pd.DataFrame:
        """Place new and changed incidents by their texts, and return all as they stand then.

        `kept` is what is stored of the incidents of the file: without texts that were erased. Of
        such an incident the place stays; where it has none, it is looked up by the file's words.
        """
        seen = kept[list(COLUMNS_READ)]
        wanted = needs_place(incidents)
        written = fresh + changed
        self._count_textless(incidents, ~wanted, written)
        if not changed and not self._persons and not wanted.any():
            return seen
        refs = incidents[schema.SOURCE_REF].tolist()
        texts = incidents[schema.PLACE_TEXT].tolist()
        known = self.stored.placing_keys([refs[at] for at in changed]) if changed else {}
        asked, stale = [], []
        for at in written:
            if refs[at] in self._persons:
                continue
            if not wanted.iat[at]:
                stale.append(refs[at])
            elif refs[at] in self._erased:
                asked += [] if refs[at] in known else [at]
            elif known.get(refs[at]) != place_key(texts[at]):
                asked.append(at)
        placings = self.placer.place(incidents.iloc[asked])
        if not self._erased.isdisjoint(placings[schema.SOURCE_REF]):
            texts = kept[schema.PLACE_TEXT].tolist()
            placings[schema.PLACE_KEY] = [place_key(texts[at]) for at in asked]
        self.placed_by += count_methods(placings)
        self.waiting += count_waiting(placings)
        if self.transaction is not None:
            self.transaction.unplace([ref for ref in stale if ref in known])
            if len(placings):
                self.transaction.place(placings)
        placed = seen.copy()
        columns = [schema.X, schema.Y, schema.PLACE_METHOD, schema.PLACE_PRECISION_M]
        for name in columns:
            values = placed[name].to_numpy(copy=True)
            values[asked] = placings[name].to_numpy()
            placed[name] = values
        decided = [at for at in written if refs[at] in self._persons]
        for column, name in enumerate((schema.X, schema.Y)):
            values = placed[name].to_numpy(dtype=np.float64, copy=True)
            values[decided] = [self._persons[refs[at]][column] for at in decided]
            placed[name] = values
        return placed

    def _count_textless(
        self, incidents: pd.DataFrame, unworded: "pd.Series[bool]", written: list[int]
    ) -> None:
        """Count incidents whose file says nothing of the place: they wait for a person too."""
        silent = incidents[schema.X].isna() & unworded & ~incidents[schema.DISPLACED].astype(bool)
        if not silent.any():
            return
        refs = incidents[schema.SOURCE_REF].tolist()
        self.waiting += sum(1 for at in written if silent.iat[at] and refs[at] not in self._persons)

    def _note_overruled(
        self, incidents: pd.DataFrame, rows: IntArray, changed: list[int], matches: list[Match]
    ) -> None:
        """Note rows that say another place than before of incidents that a person placed."""
        if not self._persons or not changed:
            return
        refs: list[str] = incidents[schema.SOURCE_REF].tolist()
        decided = [
            (at, match)
            for at, match in zip(changed, matches, strict=True)
            if refs[at] in self._persons
        ]
        former = self.stored.place_texts([match.row_key for _at, match in decided])
        xs: list[float] = incidents[schema.X].tolist()
        ys: list[float] = incidents[schema.Y].tolist()
        texts: list[str] = incidents[schema.PLACE_TEXT].tolist()
        for at, match in decided:
            same_text = place_key(texts[at]) == place_key(former[match.row_key])
            if not (same_text and match.stands_at(xs[at], ys[at])):
                self._overruled.append(int(rows[at]))

    def _note_notes(self, notes: "pd.Series[str]", firsts: list[int]) -> None:
        encoded = text_array(notes).dictionary_encode()
        held = [bool(text) and bool(find_personal(text)) for text in encoded.dictionary.to_pylist()]
        if any(held):
            self.personal_notes += int(np.asarray(held)[encoded.indices.to_numpy()][firsts].sum())

    def near_duplicates(self) -> int:
        """Return how many new or changed incidents of the file look like another of them."""
        parts = [part for part in self._stored_parts if len(part)]
        return count_near_duplicates(pd.concat(parts, ignore_index=True)) if parts else 0

    def _classify(self, incidents: pd.DataFrame, firsts: list[int], fresh: list[int]) -> None:
        x = incidents[schema.X].to_numpy(dtype=np.float64)
        y = incidents[schema.Y].to_numpy(dtype=np.float64)
        placed = ~(np.isnan(x) | np.isnan(y))
        inside = np.zeros(len(incidents), dtype=bool)
        inside[placed] = shapely.intersects_xy(self.boundary, x[placed], y[placed])
        self.n_placed += int(placed[firsts].sum())
        self.n_inside += int(inside[firsts].sum())
        self.not_placed += int((~placed[fresh]).sum())
        self.outside += int((placed & ~inside)[fresh].sum())
        self.new += int(inside[fresh].sum())

    def all_outside(self) -> bool:
        """Return whether the file places incidents, and none of them in the study area."""
        return self.n_placed > 0 and self.n_inside == 0

    def file_days(self) -> IntArray:
        """Return the day numbers of the file's incidents."""
        return np.concatenate([*self._days, np.empty(0, dtype=np.int64)])

    def all_days(self) -> IntArray:
        """Return the day numbers of the source's incidents as they are after the import."""
        if self.stored.source is None or self.stored.source.n_incidents == 0:
            return self.file_days()
        if self.transaction is not None:
            return self.stored.days()
        return np.concatenate([*self._changed_days, self.stored.days(without=self._updated_keys)])

    def n_stored_after(self) -> int:
        """Return how many incidents the source holds after the import."""
        if self.transaction is not None:
            return self.transaction.renew_totals()
        before = 0 if self.stored.source is None else self.stored.source.n_incidents
        return before + self.new + self.outside + self.not_placed

    def warnings(self, *, municipality_named: bool = False) -> list[str]:
        """Return sentences about the file as a whole.

        `municipality_named` tells that another warning says whose file it is.
        """
        found = []
        if self.all_outside() and not municipality_named:
            found.append(
                _(
                    "Every placed incident lies outside the study area: is this the right "
                    "municipality, and are the coordinates in the system stated?"
                )
            )
        if self.placer.problem:
            found.append(self.placer.problem)
        if self._n_kept_out:
            found.append(
                ngettext(
                    "Texts about a person were erased from {n} incident of the file; they stay "
                    "out.",
                    "Texts about a person were erased from {n} incidents of the file; they stay "
                    "out.",
                    self._n_kept_out,
                ).format(n=format_number(self._n_kept_out))
            )
        if self._overruled:
            found.append(
                ngettext(
                    "{n} incident that a person placed has another place in the file; the "
                    "person's place stays. Row: {rows}",
                    "{n} incidents that a person placed have another place in the file; the "
                    "person's places stay. Rows: {rows}",
                    len(self._overruled),
                ).format(
                    n=format_number(len(self._overruled)),
                    rows=_list_rows([format_number(row) for row in self._overruled]),
                )
            )
        if self._differing:
            listed = _list_rows(
                [
                    _("{row} (first in {first})").format(
                        row=format_number(row), first=format_number(first)
                    )
                    for row, first in self._differing
                ]
            )
            found.append(
                ngettext(
                    "{n} row repeats the reference of an earlier row with another content; the "
                    "first was kept. Row: {rows}",
                    "{n} rows repeat the reference of an earlier row with another content; the "
                    "first was kept. Rows: {rows}",
                    len(self._differing),
                ).format(n=format_number(len(self._differing)), rows=listed)
            )
        return found


def _list_rows(rows: list[str]) -> str:
    return ", ".join(rows[:LISTED_ROWS]) + (" …" if len(rows) > LISTED_ROWS else "")
