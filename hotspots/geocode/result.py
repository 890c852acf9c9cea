"""What a text of a place may mean, and how surely."""

from dataclasses import dataclass
from typing import Final

from hotspots import schema


@dataclass(frozen=True)
class Candidate:
    """One place that a text may mean.

    Attributes
    ----------
    x, y
        EPSG:5514 [m].
    method
        One of `schema.PLACE_METHODS`: address, corner, street, landmark, district or town_part.
    precision_m
        How far the incident may be from the position [m], above zero.
    score
        How well the text matches, 0 to 100; 100 is letter for letter but for case, diacritics and
        usual abbreviations.
    matched
        The place for a reader, as the layers write it: "Lipovská 1234/12, Jeseník".
    place_id
        What names it in its layer: "address:22040871", "street:…", "district:…".
    """

    x: float
    y: float
    method: str
    precision_m: float
    score: float
    matched: str
    place_id: str


@dataclass(frozen=True)
class Geocoded:
    """What became of one text.

    Attributes
    ----------
    text
        As it was given.
    state
        `schema.AUTOMATIC` (the first candidate is sure enough), `schema.DOUBTFUL` or
        `schema.NOT_FOUND`.
    candidates
        Best first, at most `MAX_CANDIDATES`; empty where nothing was found.
    reason
        Why it is not placed, in the language in force; empty where it is.
    """

    text: str
    state: str
    candidates: tuple[Candidate, ...] = ()
    reason: str = ""

    @property
    def place(self) -> Candidate | None:
        """The place that the text was taken for; None where a person must decide."""
        return self.candidates[0] if self.state == schema.AUTOMATIC else None


MAX_CANDIDATES: Final = 8
