"""Where a town's own areas come from: kept without language, said in the language in force."""

from typing import Final

import geopandas as gpd

from hotspots import schema
from hotspots.i18n import _

# What `schema.LAYER_SOURCE` of an area of `schema.OWN_KINDS` holds.
EXAMPLE: Final = "example"
DRAWN: Final = "drawn:"  # and the file's name
# Texts of one language that older versions stored.
_OLD_EXAMPLE: Final = ("example, no real locality", "příklad, nejde o skutečnou lokalitu")
_OLD_DRAWN: Final = ("drawn by the town, file ", "zakreslilo město, soubor ")
_OLD_NAMES: Final = (" (example)", " (příklad)")


def drawn_origin(file_name: str) -> str:
    """Return what a layer keeps for polygons that the town drew in a file."""
    return DRAWN + file_name


def say_origin(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a town's own areas as a reader sees them: origin in words, examples named as such.

    Parameters
    ----------
    areas
        Area frame of one of `schema.OWN_KINDS` as its file keeps it, of this or an older version.
        Not modified.

    Returns
    -------
    areas
        The same areas, `name` and `layer_source` in the language in force.
    """
    said = areas.copy()
    origins = [str(origin) for origin in areas[schema.LAYER_SOURCE]]
    said[schema.NAME] = [
        _say_name(str(name), origin)
        for name, origin in zip(areas[schema.NAME], origins, strict=True)
    ]
    said[schema.LAYER_SOURCE] = [_say(origin) for origin in origins]
    return said


def _is_example(origin: str) -> bool:
    return origin == EXAMPLE or origin in _OLD_EXAMPLE


def _say_name(name: str, origin: str) -> str:
    if not _is_example(origin):
        return name
    for ending in _OLD_NAMES:
        name = name.removesuffix(ending)
    return _("{name} (example)").format(name=name)


def _say(origin: str) -> str:
    if _is_example(origin):
        return _("example, no real locality")
    for beginning in (DRAWN, *_OLD_DRAWN):
        if origin.startswith(beginning):
            return _("drawn by the town, file {name}").format(name=origin.removeprefix(beginning))
    return origin
