"""Where a general file's rows lie: its columns, cells or geometry turned into EPSG:5514."""

from pathlib import Path

import numpy as np
from pyproj import CRS

from hotspots import schema
from hotspots.clean import BoolArray, FloatArray, Problems
from hotspots.crs import parse_crs
from hotspots.errors import CRSError
from hotspots.i18n import _
from hotspots.ingest.coordinates import parse_axis, parse_pairs
from hotspots.ingest.mapping import COORDINATES, Mapping
from hotspots.ingest.notes import Notes
from hotspots.ingest.pair_readings import (
    LATITUDE_FIRST,
    check_pairs,
    possible_readings,
    read_each,
)
from hotspots.ingest.positions import (
    Reading,
    fits_czechia,
    infer_reading,
    pair_numbers,
    place,
    reading_text,
)
from hotspots.ingest.table import RawBlock, Table


class Locator:
    """The positions of one reading of a file; the first rows that have any settle the system.

    Parameters
    ----------
    path, table
        The file, for messages, and opened.
    mapping
        What its columns mean.

    Attributes
    ----------
    warnings
        Sentences about what was assumed.

    Raises
    ------
    CRSError
        A geometry without a coordinate system, or a system that PROJ does not know.
    """

    def __init__(self, path: Path, table: Table, mapping: Mapping) -> None:
        self.warnings: list[str] = []
        self._name = path.name
        self._table = table
        self._mapping = mapping
        columns = mapping.columns
        self._in_one_cell = COORDINATES in columns
        self._from_geometry = table.has_geometry and not {schema.X, COORDINATES} & set(columns)
        self._contradicted: CRS | None = None
        self._crs = self._stated_crs()
        self._swapped = False
        self._settled = False
        self._usual: Reading | None = None
        self._unchecked = True

    def locate(
        self, block: RawBlock, problems: Problems, notes: Notes, *, in_words: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the positions of a block's rows, EPSG:5514 [m], NaN where there is none.

        Parameters
        ----------
        block
            Rows, in the order of the file.
        problems
            Position in the block → reason; those found here are added.
        notes
            What is told at the end.
        in_words
            Shape (n,): whether a row says its place in words too. Then a cell of coordinates that
            makes no sense is left out and noted; without words it rejects its row.
        """
        if self._in_one_cell:
            return self._locate_cells(block, problems, notes, in_words=in_words)
        x, y = self._read(block, problems, notes)
        check = not self._settled and bool((~np.isnan(x)).any())
        if check:
            self._settle(x, y)
        if self._crs is None:
            return np.full(len(x), np.nan), np.full(len(x), np.nan)
        out_x, out_y, outside = place(
            x,
            y,
            block.rows,
            crs=self._crs,
            name=self._name,
            check=check and not self._swapped,
            geometry=self._from_geometry,
            swapped=self._swapped,
        )
        for i, reason in outside.items():
            problems.setdefault(i, reason)
        return out_x, out_y

    def _locate_cells(
        self, block: RawBlock, problems: Problems, notes: Notes, *, in_words: BoolArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the positions of a block whose cells hold both coordinates, each by itself."""
        column = self._mapping.columns[COORDINATES]
        texts = block.column(column)
        pairs = parse_pairs(texts, column=column)
        wrong = dict(pairs.problems)
        zero = (pairs.first == 0) & (pairs.second == 0)
        notes.n_zero += int(zero.sum())
        x, y = (np.where(zero, np.nan, one) for one in (pairs.first, pairs.second))
        open_x, open_y = (np.where(pairs.named, np.nan, one) for one in (x, y))
        if not self._settled and (~np.isnan(open_x)).any():
            self._settle_cells(open_x, open_y, n_named=int(pairs.named.sum()))
        readings = possible_readings(self._crs)
        # A system beyond those that the values tell apart has one reading only.
        stated = self._crs if len(readings) == 1 else None
        fitting = read_each(open_x, open_y, readings)
        usual = readings.index(self._usual) if self._usual else 0
        # What fits nothing is read as the others are, and found to lie outside.
        fitting[usual] |= ~np.isnan(open_x) & ~np.logical_or.reduce(fitting)
        parts = list(zip(readings, fitting, strict=True))
        parts.append((Reading("EPSG:4326", swapped=False), pairs.named))
        out_x, out_y = np.full(len(x), np.nan), np.full(len(x), np.nan)
        for at, (reading, chosen) in enumerate(parts):
            if not chosen.any():
                continue
            if at not in {usual, len(readings)}:
                notes.other_order += block.rows[chosen].tolist()
            found_x, found_y, outside = place(
                np.where(chosen, x, np.nan),
                np.where(chosen, y, np.nan),
                block.rows,
                crs=stated if stated and at == 0 else parse_crs(reading.crs),
                name=self._name,
                check=stated is not None and at == 0 and self._unchecked,
                swapped=reading.swapped,
            )
            out_x = np.where(chosen, found_x, out_x)
            out_y = np.where(chosen, found_y, out_y)
            for i, reason in outside.items():
                wrong[i] = f"{reason}. " + _(
                    "Correct {column} '{value}' in the file, for example as 50.2294, 17.2046"
                ).format(column=column, value=texts[i].as_py()[:60])
        self._unchecked = self._unchecked and not self._settled
        for i, reason in sorted(wrong.items()):
            if in_words[i]:
                notes.unfit[int(block.rows[i])] = texts[i].as_py()[:60]
            else:
                problems.setdefault(i, reason)
        return out_x, out_y

    def _settle_cells(self, x: FloatArray, y: FloatArray, *, n_named: int) -> None:
        """Check that most cells make sense, and say how they are read."""
        self._settled = True
        check_pairs(x, y, n_named=n_named, crs=self._crs, name=self._name)
        readings = possible_readings(self._crs)
        counts = [int(one.sum()) for one in read_each(x, y, readings)]
        if not any(counts):
            return
        self._usual = readings[int(np.argmax(counts))]
        # In one cell the latitude comes first as a rule: nothing to say about it.
        if self._crs is None or (self._usual.swapped and self._usual != LATITUDE_FIRST):
            self.warnings.append(reading_text(self._usual))

    def _read(
        self, block: RawBlock, problems: Problems, notes: Notes
    ) -> tuple[FloatArray, FloatArray]:
        """Return both numbers of each row, from two columns or the geometry."""
        columns = self._mapping.columns
        if schema.X in columns:
            x, y, wrong, n_zero = pair_numbers(
                parse_axis(block.column(columns[schema.X]), column=columns[schema.X]),
                parse_axis(block.column(columns[schema.Y]), column=columns[schema.Y]),
            )
            problems.update(wrong)
            notes.n_zero += n_zero
            return x, y
        if block.x is not None and block.y is not None:
            return block.x, block.y
        nothing = np.full(len(block.rows), np.nan)
        return nothing, nothing

    def _settle(self, x: FloatArray, y: FloatArray) -> None:
        """Find the system and order of the numbers, where they are not stated."""
        self._settled = True
        self._settle_layer(x, y)
        if self._crs is None:
            reading = infer_reading(x, y, name=self._name)
            self._swapped = reading.swapped
            self._crs = parse_crs(reading.crs)
            self.warnings.append(reading_text(reading))

    def _stated_crs(self) -> CRS | None:
        """Return the system of the coordinates, None where the values must tell it."""
        stated = parse_crs(self._mapping.crs) if self._mapping.crs else None
        if not self._from_geometry:
            return stated
        own = self._table.crs
        if own is not None and self._table.crs_is_default:
            return stated or own
        if own is None and stated is None:
            raise CRSError(
                _(
                    "{name}: the layer has no coordinate system; set one in QGIS (Layer > Set "
                    'Layer CRS) or give it in the mapping: [values] crs = "EPSG:5514"'
                ).format(name=self._name)
            )
        if (
            own is not None
            and stated is not None
            and not own.equals(stated, ignore_axis_order=True)
        ):
            self._contradicted = own
            return stated
        return own or stated

    def _settle_layer(self, x: FloatArray, y: FloatArray) -> None:
        """Let the mapping's system win over the layer's only where the values say so too."""
        own, stated = self._contradicted, self._crs
        if own is None or stated is None:
            return
        if fits_czechia(x, y, crs=own) or not fits_czechia(x, y, crs=stated):
            raise CRSError(
                _(
                    "{name}: the layer is in {own}, but the mapping says {stated}; "
                    "remove crs from [values]"
                ).format(name=self._name, own=own.to_string(), stated=stated.to_string())
            )
        self.warnings.append(
            _(
                "the layer says that it is in {own}, which its positions contradict; they were "
                "taken as {stated}, as the mapping says"
            ).format(own=own.to_string(), stated=stated.to_string())
        )
