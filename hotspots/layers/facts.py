"""The fact tables the bundled layers are built from: names, codes, rounded positions, counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from hotspots.errors import NotFoundError, SchemaError, SourceError
from hotspots.i18n import _

# Table → column → type. Codes are texts: some begin with a zero.
TABLES: Final[dict[str, dict[str, type]]] = {
    "municipality": {
        "code": str,
        "name": str,
        "residents": float,
        "residents_year": float,
        "official_area_km2": float,
        "boundary_precision_m": float,
    },
    "boundary": {"vertex": int, "lon": float, "lat": float},
    "streets": {"street_code": str, "name": str, "road": str},
    "street_points": {"name": str, "x": float, "y": float, "road_edge": str},
    "road_points": {"road": str, "x": float, "y": float, "road_edge": str},
    "districts": {
        "district_code": str,
        "name": str,
        "town_part_code": str,
        "cadastral_code": str,
        "residents_2011": float,
        "area_km2": float,
    },
    "district_sites": {
        "district_code": str,
        "name": str,
        "x": float,
        "y": float,
        "basis": str,
        "precision_m": float,
    },
    "district_evidence": {
        "district_code": str,
        "name": str,
        "x": float,
        "y": float,
        "weight": float,
        "what": str,
    },
    "town_parts": {"town_part_code": str, "name": str},
    "electoral_districts": {"number": int, "code": str, "x": float, "y": float},
    "places": {
        "name": str,
        "place_kind": str,
        "x": float,
        "y": float,
        "precision_m": float,
        "basis": str,
    },
}


@dataclass(frozen=True)
class Facts:
    """All fact tables, by name (see `TABLES`)."""

    tables: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def read_facts(directory: Path) -> Facts:
    """Read the fact tables of `directory`.

    Raises
    ------
    NotFoundError
        A table is missing.
    SourceError
        A table cannot be read as CSV with the types of `TABLES`.
    SchemaError
        A column is missing, or a number.
    """
    return Facts({name: _read(directory / f"{name}.csv", TABLES[name]) for name in TABLES})


def _read(path: Path, columns: dict[str, type]) -> pd.DataFrame:
    texts = {name: kind for name, kind in columns.items() if kind is str}
    try:
        frame = pd.read_csv(path, dtype=texts, keep_default_na=False, encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(_("fact table {path} is missing").format(path=path)) from error
    except (EmptyDataError, ParserError, UnicodeDecodeError) as error:
        raise SourceError(
            _("fact table {path} cannot be read: {reason}").format(path=path, reason=error)
        ) from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise SchemaError(
            _("fact table {path} lacks the columns {names}").format(
                path=path, names=", ".join(missing)
            )
        )
    for name, kind in columns.items():
        if kind is str:
            continue
        try:
            frame[name] = frame[name].astype(kind)
        except ValueError as error:
            raise SchemaError(
                _("fact table {path}: column {name} must hold numbers ({reason})").format(
                    path=path, name=name, reason=error
                )
            ) from error
    return frame


def positions(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the positions of a fact table, shape (n, 2), EPSG:5514 metres."""
    return frame[["x", "y"]].to_numpy(dtype=np.float64)
