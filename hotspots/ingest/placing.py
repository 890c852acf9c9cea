"""Placing incidents by the text of their place: first as persons decided, else by the geocoder."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from hotspots import schema
from hotspots.errors import HotspotsError
from hotspots.geocode import Geocoded, Geocoder
from hotspots.i18n import _
from hotspots.place_text import place_key
from hotspots.progress import Report, silent
from hotspots.settings import Workspace
from hotspots.store import RememberedPlace, Store
from hotspots.store.placings import DECISION

# Nobody moves an incident for less than this [m].
MOVED_M: Final = 0.1
_EVERY: Final = 200  # texts between two reports of progress
Values = dict[str, Any]


class Geocodes(Protocol):
    """What looks up the text of a place; `hotspots.geocode.Geocoder` does."""

    def geocode(self, text: str) -> Geocoded:
        """Return what a text was taken for."""
        ...


def needs_place(incidents: pd.DataFrame) -> "pd.Series[bool]":
    """Return which incidents have words for their place and no coordinates.

    Positions that the publisher moved on purpose are none to be looked up.
    """
    unplaced = incidents[schema.X].isna() | incidents[schema.Y].isna()
    if not unplaced.any():
        return unplaced
    worded = incidents[schema.PLACE_TEXT].map(lambda text: bool(place_key(text))).astype(bool)
    return unplaced & worded & ~incidents[schema.DISPLACED].astype(bool)


@dataclass
class Placer:
    """Turns texts of places into placings, each distinct text once.

    Attributes
    ----------
    open_geocoder
        Called when the first text has to be looked up; may raise `HotspotsError`.
    remembered
        What persons decided for texts, by `place_text.place_key`.
    problem
        Why no text can be looked up; empty while one can.
    """

    open_geocoder: Callable[[], Geocodes]
    remembered: dict[str, RememberedPlace] = field(default_factory=dict)
    problem: str = ""
    _geocoder: Geocodes | None = None
    _known: dict[str, Values] = field(default_factory=dict)

    @classmethod
    def of_workspace(cls, workspace: Workspace, remembered: dict[str, RememberedPlace]) -> "Placer":
        """Return a placer that looks texts up in the workspace's layers in force."""
        return cls(lambda: Geocoder.of_workspace(workspace), remembered)

    def place(
        self, incidents: pd.DataFrame, *, progress: Callable[[float], object] | None = None
    ) -> pd.DataFrame:
        """Return placings of incidents by their texts.

        Parameters
        ----------
        incidents
            `source_ref` and `place_text` of n incidents that `needs_place` chose. Not modified.
        progress
            Called now and then with the share done, 0 to 1.

        Returns
        -------
        placings
            As `ImportTransaction.place` takes them, n rows in the same order; positions in
            EPSG:5514 [m], NaN where nothing is sure enough.
        """
        rows = []
        for number, text in enumerate(incidents[schema.PLACE_TEXT].tolist()):
            rows.append(self._placing(text))
            if progress is not None and number % _EVERY == 0:
                progress(number / len(incidents))
        placings = pd.DataFrame(rows, columns=list(_COLUMNS))
        for name in (schema.X, schema.Y, schema.PLACE_PRECISION_M, schema.PLACE_SCORE):
            placings[name] = placings[name].astype("float64")
        refs = incidents[schema.SOURCE_REF].tolist()
        placings.insert(0, schema.SOURCE_REF, pd.Series(refs, dtype="str"))
        return placings

    def _placing(self, text: str) -> Values:
        known = self._known.get(text)
        if known is None:
            key = place_key(text)
            decided = self.remembered.get(key)
            known = self._look_up(text) if decided is None else _as_decided(decided)
            known |= {schema.PLACE_KEY: key}
            self._known[text] = known
        return known

    def _look_up(self, text: str) -> Values:
        if self._geocoder is None and not self.problem:
            try:
                self._geocoder = self.open_geocoder()
            except HotspotsError as error:
                self.problem = _("places given in words could not be looked up: {reason}").format(
                    reason=error
                )
        if self._geocoder is None:
            return _waiting(schema.NOT_FOUND, None)
        found = self._geocoder.geocode(text)
        place = found.place
        if place is None:
            best = found.candidates[0].score if found.candidates else None
            return _waiting(found.state, best)
        return {
            schema.X: place.x,
            schema.Y: place.y,
            schema.PLACE_METHOD: place.method,
            schema.PLACE_PRECISION_M: place.precision_m,
            schema.PLACE_SCORE: place.score,
            schema.PLACE_MATCHED: place.matched,
            schema.PLACE_STATE: schema.AUTOMATIC,
            DECISION: None,
        }


_COLUMNS: Final = (
    schema.X,
    schema.Y,
    schema.PLACE_METHOD,
    schema.PLACE_PRECISION_M,
    schema.PLACE_SCORE,
    schema.PLACE_MATCHED,
    schema.PLACE_STATE,
    DECISION,
    schema.PLACE_KEY,
)


def _waiting(state: str, score: float | None) -> Values:
    return {
        schema.X: None,
        schema.Y: None,
        schema.PLACE_METHOD: "none",
        schema.PLACE_PRECISION_M: None,
        schema.PLACE_SCORE: score,
        schema.PLACE_MATCHED: "",
        schema.PLACE_STATE: state,
        DECISION: None,
    }


def _as_decided(decided: RememberedPlace) -> Values:
    place = decided.place
    if place is None:
        return _waiting(schema.GIVEN_UP, None) | {DECISION: decided.decision_key}
    return {
        schema.X: place.x,
        schema.Y: place.y,
        schema.PLACE_METHOD: place.method,
        schema.PLACE_PRECISION_M: place.precision_m,
        schema.PLACE_SCORE: None,
        schema.PLACE_MATCHED: place.matched,
        schema.PLACE_STATE: schema.BY_PERSON,
        DECISION: decided.decision_key,
    }


def count_methods(placings: pd.DataFrame) -> Counter[str]:
    """Return how many placings have a position, by method."""
    placed = placings.loc[placings[schema.X].notna(), schema.PLACE_METHOD]
    return Counter(placed.tolist())


def count_waiting(placings: pd.DataFrame) -> int:
    """Return how many placings wait for a person."""
    return int(placings[schema.PLACE_STATE].isin(schema.WAITING_STATES).sum())


@dataclass(frozen=True)
class Retried:
    """What asking the geocoder again has changed.

    Attributes
    ----------
    asked
        Incidents asked for.
    placed_by
        Incidents that have a position only now, by method.
    moved
        Incidents placed by the program before that stand elsewhere now.
    lost
        Incidents placed by the program before that wait now.
    waiting
        Incidents asked for that wait now.
    warnings
        Sentences for a reader.
    """

    asked: int
    placed_by: dict[str, int]
    moved: int
    lost: int
    waiting: int
    warnings: tuple[str, ...] = ()

    @property
    def placed(self) -> int:
        """Incidents that have a position only now."""
        return sum(self.placed_by.values())

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON knows."""
        return {
            "asked": self.asked,
            "placed": self.placed,
            "placed_by": self.placed_by,
            "moved": self.moved,
            "lost": self.lost,
            "waiting": self.waiting,
            "warnings": list(self.warnings),
        }


def place_waiting(
    workspace: Workspace,
    *,
    report: Report | None = None,
    again: bool = False,
    geocoder: Geocodes | None = None,
    keys: Collection[str] | None = None,
) -> Retried:
    """Look up again the places of all incidents that wait, after layers or decisions changed.

    Parameters
    ----------
    workspace
        Whose incidents.
    report
        Told what is being done and the share done.
    again
        Look up those too that the program has placed; what a person decided always stays.
    geocoder
        Looks texts up; None takes the layers in force.
    keys
        Only incidents whose text has one of these keys (`place_text.place_key`); None means all.

    Returns
    -------
    retried
        All changes were made in one transaction.

    Raises
    ------
    StoreError
        No database, or an import is running.
    """
    report = report or silent
    with Store.open(workspace) as store, store.placing() as transaction:
        placer = Placer.of_workspace(workspace, transaction.remembered_places())
        if geocoder is not None:
            placer.open_geocoder = lambda: geocoder
        stored = transaction.incidents()
        asked = stored[needs_place(stored)]
        if not again:
            asked = asked[asked[schema.PLACE_STATE] != schema.AUTOMATIC]
        if keys is not None:
            asked = asked[asked[schema.PLACE_TEXT].map(place_key).isin(list(keys))]
        asked = asked.reset_index(drop=True)
        text = _("Looking up places")
        report(text, 0.0)
        placings = placer.place(asked, progress=lambda share: report(text, share))
        if placer.problem:  # nothing is known better than before
            waiting = int(asked[schema.PLACE_STATE].isin((*schema.WAITING_STATES, "")).sum())
            return Retried(len(asked), {}, 0, 0, waiting, (placer.problem,))
        had = asked[schema.PLACE_STATE] == schema.AUTOMATIC
        has = placings[schema.X].notna()
        away = np.hypot(
            placings[schema.X] - asked["placed_x"], placings[schema.Y] - asked["placed_y"]
        )
        for source_id, part in placings.groupby(asked[schema.SOURCE], sort=True):
            transaction.place(str(source_id), part.reset_index(drop=True))
        if len(placings):
            transaction.finish()
        report(text, 1.0)
        return Retried(
            asked=len(asked),
            placed_by=dict(sorted(count_methods(placings[has & ~had]).items())),
            moved=int((had & has & (away > MOVED_M)).sum()),
            lost=int((had & ~has).sum()),
            waiting=count_waiting(placings),
        )
