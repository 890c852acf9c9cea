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

    def locate(
        self, block: RawBlock, problems: Problems, notes: Notes
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
        """
        x, y, named = self._read(block, problems, notes)
        given = ~named & ~np.isnan(x)
        check = not self._settled and bool(given.any())
        if check:
            self._settle(np.where(given, x, np.nan), np.where(given, y, np.nan))
        out_x, out_y = np.full(len(x), np.nan), np.full(len(x), np.nan)
        outside: Problems = {}
        parts = [(named, parse_crs("EPSG:4326"), False)] if named.any() else []
        if self._crs is not None:
            parts.append((~named, self._crs, self._swapped))
        for chosen, crs, swapped in parts:
            found_x, found_y, wrong = place(
                np.where(chosen, x, np.nan),
                np.where(chosen, y, np.nan),
                block.rows,
                crs=crs,
                name=self._name,
                check=check and not swapped and chosen is not named,
                geometry=self._from_geometry,
                swapped=swapped,
            )
            out_x = np.where(chosen, found_x, out_x)
            out_y = np.where(chosen, found_y, out_y)
            outside |= wrong
        for i, reason in outside.items():
            problems.setdefault(i, reason)
        return out_x, out_y

    def _read(
        self, block: RawBlock, problems: Problems, notes: Notes
    ) -> tuple[FloatArray, FloatArray, BoolArray]:
        """Return both numbers of each row, and whether it names them as longitude, latitude."""
        columns = self._mapping.columns
        none = np.zeros(len(block.rows), dtype=bool)
        if self._in_one_cell:
            column = columns[COORDINATES]
            pairs = parse_pairs(block.column(column), column=column)
            for i, reason in pairs.problems.items():
                problems.setdefault(i, reason)
            zero = (pairs.first == 0) & (pairs.second == 0)
            notes.n_zero += int(zero.sum())
            x, y = (np.where(zero, np.nan, one) for one in (pairs.first, pairs.second))
            return x, y, pairs.named
        if schema.X in columns:
            x, y, wrong, n_zero = pair_numbers(
                parse_axis(block.column(columns[schema.X]), column=columns[schema.X]),
                parse_axis(block.column(columns[schema.Y]), column=columns[schema.Y]),
            )
            problems.update(wrong)
            notes.n_zero += n_zero
            return x, y, none
        if block.x is not None and block.y is not None:
            return block.x, block.y, none
        nothing = np.full(len(block.rows), np.nan)
        return nothing, nothing, none

    def _settle(self, x: FloatArray, y: FloatArray) -> None:
        """Find the system and order of the numbers, where they are not stated."""
        self._settled = True
        self._settle_layer(x, y)
        if self._crs is not None and not self._in_one_cell:
            return
        stated = self._crs
        reading = infer_reading(x, y, name=self._name, crs=stated)
        self._swapped = reading.swapped
        if stated is None:
            self._crs = parse_crs(reading.crs)
        # In one cell the latitude comes first as a rule: nothing to say about it.
        usual = Reading("EPSG:4326", swapped=True)
        if stated is None or (reading.swapped and reading != usual):
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
