"""The geocoder of a workspace: texts of places in, positions with method and precision out."""

from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

import shapely

from hotspots import schema
from hotspots.geocode.choice import Chooser
from hotspots.geocode.gazetteer import Gazetteer, read_gazetteer
from hotspots.geocode.interpret import read_text
from hotspots.geocode.names import NameIndex
from hotspots.geocode.result import Candidate, Geocoded
from hotspots.geocode.tokens import MAX_CHARACTERS
from hotspots.geocode.typing_search import Suggestions
from hotspots.i18n import _, current_language
from hotspots.layers.reading import layers_version
from hotspots.settings import Workspace

NEAR_HOUSE_M: Final = 60.0
NEAR_STREET_M: Final = 150.0
_REMEMBERED: Final = 50_000
_MAX_LIMIT: Final = 50


class Geocoder:
    """Finds the places that texts mean among the names of one version of the layers.

    Nothing is asked over a network. A text is placed only where the best candidate matches well,
    no other one nearly as well, and nothing in the text is left that may name another place;
    else a person decides (see docs/geocoding.md). The same text always gets the same answer.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self._known: dict[tuple[str, str], Geocoded] = {}
        self._lock = Lock()

    @classmethod
    def of_workspace(cls, workspace: Workspace) -> "Geocoder":
        """Return the geocoder of the layers in force, made once for each version of them.

        Raises
        ------
        NotFoundError
            The workspace has no layers.
        SourceError, SchemaError, CRSError
            As `hotspots.layers.reading.read_areas`.
        """
        return _of_layers(workspace.path, layers_version(workspace), workspace.settings.town)

    @cached_property
    def _index(self) -> NameIndex:
        return NameIndex(self.gazetteer)

    @cached_property
    def _chooser(self) -> Chooser:
        return Chooser(self.gazetteer)

    def geocode(self, text: str) -> Geocoded:
        """Return what a text of a place means.

        Parameters
        ----------
        text
            A street with or without a number, a corner, a landmark, a district or town part, in
            any case, with typing errors, abbreviations and without diacritics. Case and diacritics
            do not matter to names.

        Returns
        -------
        geocoded
            State, candidates (EPSG:5514, best first) and, where none is taken, the reason in the
            language in force.
        """
        key = (text[: MAX_CHARACTERS + 1], current_language())
        found = self._known.get(key)
        if found is None:
            found = self._geocode(text)
            with self._lock:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[key] = found
        return found

    def _geocode(self, text: str) -> Geocoded:
        if not text.strip():
            return Geocoded(text, schema.NOT_FOUND, (), _("the text is empty"))
        is_cut = len(text) > MAX_CHARACTERS
        reading = read_text(text, self.gazetteer, self._index)
        said = text[:MAX_CHARACTERS] if is_cut else text
        if reading.elsewhere:
            reason = _("the text names {town}, which is another municipality").format(
                town=reading.elsewhere
            )
            return Geocoded(said, schema.NOT_FOUND, (), reason)
        choice = self._chooser.choose(reading)
        if not choice.candidates:
            reason = choice.doubt or _("no street, house or place of these layers is named")
            return Geocoded(said, schema.NOT_FOUND, (), reason)
        doubt = choice.doubt
        if is_cut and not doubt:
            doubt = _("the text is too long to be one place; check it")
        state = schema.DOUBTFUL if doubt else schema.AUTOMATIC
        return Geocoded(said, state, choice.candidates, doubt)

    @cached_property
    def _suggestions(self) -> Suggestions:
        return Suggestions(self.gazetteer, self._chooser)

    def search(self, typed: str, limit: int = 8) -> tuple[Candidate, ...]:
        """Return places for a text that is still being typed, best first.

        The last word may be unfinished. Names that begin as typed come first, then those that
        hold the words further on, then what `geocode` makes of the text.

        Parameters
        ----------
        typed
            What was typed so far.
        limit
            At most so many, 1 to 50.
        """
        limit = min(max(limit, 1), _MAX_LIMIT)
        found = list(self._suggestions.find(typed, limit))
        if len(found) < limit and typed.strip():
            known = {one.place_id for one in found}
            guesses = self.geocode(typed).candidates
            found += [one for one in guesses if one.place_id not in known]
        return tuple(found[:limit])

    def describe(self, x: float, y: float) -> str:
        """Return the nearest address or street for a reader; else the district; else empty.

        An address within 60 m, a street within 150 m; EPSG:5514 [m].
        """
        point = shapely.Point(x, y)
        if not (abs(x) < _FAR and abs(y) < _FAR):
            return ""
        if len(self._house_tree):
            at = int(self._house_tree.nearest(point))
            house = self.gazetteer.houses[at]
            if shapely.Point(house.x, house.y).distance(point) <= NEAR_HOUSE_M:
                return house.label
        streets = [p for p in self.gazetteer.places if p.method == schema.STREET]
        if streets:
            street = streets[int(self._street_tree.nearest(point))]
            if street.shape.distance(point) <= NEAR_STREET_M:
                return self._chooser.label(street)
        for place in self.gazetteer.places:
            is_area = place.method in (schema.DISTRICT, schema.TOWN_PART)
            if is_area and place.shape.intersects(point):
                return self._chooser.label(place)
        return ""

    @cached_property
    def _house_tree(self) -> shapely.STRtree:
        houses = self.gazetteer.houses
        return shapely.STRtree(shapely.points([h.x for h in houses], [h.y for h in houses]))

    @cached_property
    def _street_tree(self) -> shapely.STRtree:
        return shapely.STRtree(
            [p.shape for p in self.gazetteer.places if p.method == schema.STREET]
        )


_FAR: Final = 1e9


@lru_cache(maxsize=4)
def _of_layers(path: Path, _version: str, _town: str) -> Geocoder:
    return Geocoder(read_gazetteer(Workspace.open(path)))
