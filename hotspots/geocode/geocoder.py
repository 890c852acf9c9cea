"""The geocoder of a workspace: texts of places in, positions with method and precision out."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import shapely

from hotspots import schema
from hotspots.geocode.gazetteer import Gazetteer, Place, read_gazetteer
from hotspots.geocode.result import Candidate, Geocoded
from hotspots.i18n import _
from hotspots.layers.reading import layers_version
from hotspots.place_text import place_key
from hotspots.settings import Workspace

NEAR_HOUSE_M: Final = 60.0
NEAR_STREET_M: Final = 150.0


class Geocoder:
    """Finds places of one version of the layers by name."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer

    @classmethod
    def of_workspace(cls, workspace: Workspace) -> "Geocoder":
        """Return the geocoder of the layers in force."""
        return _of_layers(workspace.path, layers_version(workspace))

    def geocode(self, text: str) -> Geocoded:
        """Return what a text of a place means."""
        key = place_key(text)
        found = tuple(
            _candidate(place) for place in self.gazetteer.places if place_key(place.name) == key
        )
        if not found:
            reason = _("no street, house or place of these layers is named")
            return Geocoded(text, schema.NOT_FOUND, (), reason)
        if len(found) > 1:
            reason = _("several places are named like this; choose one")
            return Geocoded(text, schema.DOUBTFUL, found, reason)
        return Geocoded(text, schema.AUTOMATIC, found)

    def search(self, typed: str, limit: int = 8) -> tuple[Candidate, ...]:
        """Return places whose names begin as typed."""
        key = place_key(typed)
        found = [p for p in self.gazetteer.places if key and place_key(p.name).startswith(key)]
        return tuple(_candidate(place) for place in found[:limit])

    def describe(self, x: float, y: float) -> str:
        """Return the nearest street for a reader; empty where none is near."""
        point = shapely.Point(x, y)
        streets = [p for p in self.gazetteer.places if p.method == schema.STREET]
        near = min(streets, key=lambda p: p.shape.distance(point), default=None)
        return near.name if near and near.shape.distance(point) <= NEAR_STREET_M else ""


def _candidate(place: Place) -> Candidate:
    return Candidate(
        place.x, place.y, place.method, place.precision_m, 100.0, place.name, place.place_id
    )


@lru_cache(maxsize=4)
def _of_layers(path: Path, _version: str) -> Geocoder:
    return Geocoder(read_gazetteer(Workspace.open(path)))
