"""What a person decides about incidents that wait for a place, and undoing it."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from shapely.geometry import Point

from hotspots import crs, layers, schema
from hotspots.analysis.waiting import PLACE_DECISIONS, WaitingText
from hotspots.errors import GeocodeError, NotFoundError, ParameterError
from hotspots.geocode.result import Candidate, Geocoded
from hotspots.i18n import _, format_number
from hotspots.place_text import place_key
from hotspots.settings import Workspace
from hotspots.store import Decision, Place, Store
from hotspots.store.decisions import StaleDecisionError

_NEWEST: Final = 1000
_NAMED: Final = 5
_SHOWN: Final = 80
_KM: Final = 1000.0


class Finder(Protocol):
    """What finds places by texts: `hotspots.geocode.Geocoder`."""

    def geocode(self, text: str) -> Geocoded:
        """Return what a text may mean."""

    def search(self, typed: str, limit: int = 8) -> tuple[Candidate, ...]:
        """Return places that begin as typed."""

    def describe(self, x: float, y: float) -> str:
        """Return what lies at a position, for a reader."""


class OutsideTownError(ParameterError):
    """A position lies outside the study area, and nobody has said that it shall."""


@dataclass(frozen=True)
class Decided:
    """A decision just made.

    Attributes
    ----------
    decision_key
        For `Store.undo_decision`.
    n_incidents
        How many incidents it settled; with a text remembered also those placed by the program.
    """

    decision_key: int
    n_incidents: int


def decide(
    store: Store,
    item: WaitingText,
    place: Place | None,
    *,
    user: str,
    only: str = "",
) -> Decided:
    """Place what waits with one text, or say that it cannot be placed.

    The decision is remembered for every incident with the same text, also of later files, unless
    `only` names one incident or there is no text.

    Parameters
    ----------
    store
        Of the workspace.
    item
        As `waiting.list_waiting` has it now.
    place
        None means that it cannot be placed.
    user
        Who decides.
    only
        Id or name of a single incident of `item` to decide upon.

    Raises
    ------
    NotWaitingError
        No incident of that name is among those of `item`.
    NotFoundError
        An incident is gone.
    """
    chosen = (item.incident(only),) if only else item.incidents
    key = store.decide_place(
        [one.incident_id for one in chosen],
        place,
        user=user,
        text=item.text,
        remember=bool(item.key) and not only,
    )
    made = find_decision(store, key)
    return Decided(key, made.n_incidents if made else len(chosen))


def find_decision(store: Store, decision_key: int) -> Decision | None:
    """Return a decision about a place by its number, None where there is none."""
    try:
        found = store.decision(decision_key)
    except NotFoundError:
        return None
    return found if found.kind in PLACE_DECISIONS else None


def undo_place(store: Store, decision_key: int, *, user: str) -> tuple[str, ...]:
    """Undo a decision about a place; others, as about links, are not undone from here.

    Returns
    -------
    waiting_again
        As of `Store.undo_decision`; `ingest.placing.place_waiting` looks these up.

    Raises
    ------
    NotFoundError
        There is no such decision.
    ParameterError
        It is about something else, undone already, or a later decision stands on it.
    """
    if store.decision(decision_key).kind not in PLACE_DECISIONS:
        raise ParameterError(
            _("decision {number} is not about a place").format(number=decision_key)
        )
    return store.undo_decision(decision_key, user=user)


def require_unchanged(store: Store, item: WaitingText, *, seen: int) -> None:
    """Raise where somebody decided about some incidents of a text since the decision `seen`.

    Parameters
    ----------
    store
        Of the workspace.
    item
        What is to be decided upon.
    seen
        Number of the newest decision about a place when the person looked at it.

    Raises
    ------
    StaleDecisionError
        A newer decision was about the same text; what it left still waits.
    """
    for made in store.decisions(limit=_NEWEST, kinds=PLACE_DECISIONS, after=seen):
        if not item.key or place_key(made.subject) != place_key(" ".join(item.text.split())[:200]):
            continue
        user = made.decided_by or _("somebody")
        text = (
            _(
                "{user} decided about some incidents of this text meanwhile (decision {number}); "
                "the others still wait, and nothing was changed now"
            )
            if made.holds
            else _(
                "a decision about this text was made meanwhile and taken back (decision "
                "{number}); nothing was changed now"
            )
        )
        raise StaleDecisionError(text.format(user=user, number=made.decision_key), made)


def place_of(candidate: Candidate) -> Place:
    """Return a candidate as the place that a person chose."""
    return Place(
        candidate.x, candidate.y, candidate.method, candidate.precision_m, candidate.matched
    )


def place_at(
    workspace: Workspace,
    lon: float,
    lat: float,
    *,
    finder: Finder,
    allow_outside: bool = False,
) -> Place:
    """Return the place at a position that a person pointed at; how exact it is nobody can say.

    Parameters
    ----------
    workspace
        Whose boundary counts.
    lon, lat
        Degrees, WGS84.
    finder
        Says what lies there.
    allow_outside
        Take a position outside the study area.

    Raises
    ------
    OutsideTownError
        It lies outside the study area and `allow_outside` is not set.
    ParameterError
        It lies outside Czechia, or is no position.
    NotFoundError
        The workspace has no layers.
    """
    west, south, east, north = crs.CZECHIA_WGS84
    if not (west <= lon <= east and south <= lat <= north):  # NaN is not within either
        raise ParameterError(
            _(
                "longitude {lon:.6g}, latitude {lat:.6g} lies outside Czechia; write degrees, "
                "longitude first: 17.2046,50.2294"
            ).format(lon=lon, lat=lat)
        )
    xs, ys = crs.to_5514(np.array([lon]), np.array([lat]), crs=crs.WGS84)
    x, y = round(float(xs[0]), 2), round(float(ys[0]), 2)
    away_m = float(layers.read_boundary(workspace).distance(Point(x, y)))
    if away_m > 0 and not allow_outside:
        raise OutsideTownError(
            _(
                "this position lies outside the study area, {distance} from its boundary; such "
                "incidents are kept but not counted"
            ).format(distance=_distance(away_m))
        )
    return Place(x, y, "manual", None, finder.describe(x, y))


def place_by_text(finder: Finder, typed: str) -> Place:
    """Return the place that a typed address means.

    Raises
    ------
    GeocodeError
        Nothing is found, or several places may be meant; these are named.
    """
    found = finder.geocode(typed)
    if found.place is not None:
        return place_of(found.place)
    if not found.candidates:
        raise GeocodeError(
            _(
                "'{text}' is not found in the layers; write a street with a house number, or give "
                "a position"
            ).format(text=typed[:_SHOWN])
        )
    raise GeocodeError(
        _("'{text}' is not sure enough; it may be: {places}").format(
            text=typed[:_SHOWN],
            places="; ".join(one.matched for one in found.candidates[:_NAMED]),
        )
    )


def pick_candidate(candidates: tuple[Candidate, ...], place_id: str) -> Candidate:
    """Return the candidate that a form names.

    Raises
    ------
    NotFoundError
        It is not among them, as where the layers have changed since the page was made.
    """
    for one in candidates:
        if one.place_id == place_id:
            return one
    raise NotFoundError(_("the chosen place is not among the candidates any more; choose again"))


def why_waiting(item: WaitingText, found: Geocoded) -> str:
    """Return in words why a text is not placed, by what the layers in force know of it."""
    if not item.text.strip():
        return _("The file says nothing about the place.")
    if found.state == schema.AUTOMATIC:
        return _("The layers in force know this place now; confirm it.")
    return found.reason or _("No place is sure enough.")


def _distance(metres: float) -> str:
    if metres >= _KM:
        return f"{format_number(metres / _KM, digits=1)}\N{NO-BREAK SPACE}km"
    return f"{format_number(max(1.0, metres))}\N{NO-BREAK SPACE}m"
