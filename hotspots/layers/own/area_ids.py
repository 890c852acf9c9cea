"""The ids of a town's own areas: from codes or names, and the same again when they come anew."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd

from hotspots import schema
from hotspots.cells import visible


def slug(text: str) -> str:
    """Return `text` in lower-case letters and digits without accents, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def plain_texts(values: "pd.Series[Any]") -> "pd.Series[str]":
    """Return a column as texts on one line; whole numbers without ".0", missing ones empty."""
    return pd.Series([_plain(value) for value in values], index=values.index, dtype="object")


def bare_code(code: str) -> str:
    """Return a code without what programs add or lose: a kind before a colon, leading zeros."""
    bare = code.rpartition(":")[2].strip()
    return (bare.lstrip("0") or "0") if bare else ""


def make_ids(
    kind: str,
    names: Sequence[str],
    codes: Sequence[str] | None,
    *,
    former: gpd.GeoDataFrame | None,
) -> list[str]:
    """Return an `area_id` per area, the one in force where it is the same area.

    Parameters
    ----------
    kind
        One of `schema.AREA_KINDS`.
    names
        n names; names alike but for accents get a number, in the order of the names.
    codes
        n different codes, none empty; None where areas are known by their names only.
    former
        Areas of the kind in force. An area of the same code keeps its id, and so does one of the
        same name where it has no code or the town draws such areas itself.

    Returns
    -------
    ids
        n different ids.
    """
    by_code, by_name = _known(former)
    found: list[str | None] = [None] * len(names)
    used: set[str] = set()
    for keys, known in ((codes, by_code), (names, by_name)):
        if keys is None or (known is by_name and codes and kind not in schema.OWN_KINDS):
            continue
        for i, key in enumerate(keys):
            kept = known.get(bare_code(key) if known is by_code else key)
            if found[i] is None and kept is not None and kept not in used:
                found[i] = kept
                used.add(kept)
    for i in sorted(range(len(names)), key=lambda row: (names[row], row)):
        if found[i] is None:
            base = _code_part(codes[i]) if codes is not None else slug(names[i]) or "x"
            found[i] = _free(f"{kind}:{base}", used)
    return [str(area_id) for area_id in found]


def _known(former: gpd.GeoDataFrame | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return bare code → id, and name → id, of areas in force; names that occur once only."""
    if former is None or former.empty:
        return {}, {}
    ids = former[schema.AREA_ID].astype(str)
    once = former[~former[schema.NAME].duplicated(keep=False)]
    return (
        {bare_code(area_id): area_id for area_id in ids},
        dict(zip(once[schema.NAME].astype(str), once[schema.AREA_ID].astype(str), strict=True)),
    )


def _code_part(code: str) -> str:
    return code if re.fullmatch(r"[A-Za-z0-9._-]+", code) else slug(code) or "x"


def _free(wanted: str, used: set[str]) -> str:
    area_id, n = wanted, 1
    while area_id in used:
        n += 1
        area_id = f"{wanted}-{n}"
    used.add(area_id)
    return area_id


def _plain(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return visible(str(value))
