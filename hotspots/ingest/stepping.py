"""How far an import has come, told between its steps, at which it may also be stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

from hotspots.geocode import Geocoded
from hotspots.ingest.placing import Geocodes

# Called with the share done, 0 to 1; it may raise `hotspots.progress.CancelledError`.
Progress = Callable[[float], object]

_EVERY_S: Final = 0.2
_HALF_ROWS: Final = 20_000  # where nobody knows how many rows come, so many count as half of them


class Stepping:
    """Progress of one import.

    Parameters
    ----------
    progress
        Who is told; None where nobody is.
    expected
        About how many rows the file holds; 0 where that is not known. The share then grows ever
        more slowly.
    """

    def __init__(self, progress: Progress | None, expected: int = 0) -> None:
        self._progress = progress
        self._expected = expected
        self._n_rows = 0
        self._told = monotonic()

    @property
    def share(self) -> float:
        """How much of the file is read, 0 to 1."""
        if self._expected:
            return min(self._n_rows / self._expected, 1.0)
        return self._n_rows / (self._n_rows + _HALF_ROWS)

    def take_rows(self, n: int) -> None:
        """Tell that `n` more rows are read."""
        self._n_rows += n
        self._tell(self.share)

    def look_up(self) -> None:
        """Tell that work goes on, though no oftener than every fifth of a second."""
        if monotonic() - self._told >= _EVERY_S:
            self._tell(self.share)

    def end(self) -> None:
        """Tell that all is read."""
        self._tell(1.0)

    def between_texts(self, open_geocoder: Callable[[], Geocodes]) -> Callable[[], Geocodes]:
        """Return how to open a geocoder that tells of itself before each text it looks up."""
        return lambda: _Stepped(open_geocoder(), self)

    def _tell(self, share: float) -> None:
        self._told = monotonic()
        if self._progress is not None:
            self._progress(share)


@dataclass(frozen=True)
class _Stepped:
    """A geocoder between whose texts an import can be stopped."""

    geocoder: Geocodes
    steps: Stepping

    def geocode(self, text: str) -> Geocoded:
        """Return what a text was taken for."""
        self.steps.look_up()
        return self.geocoder.geocode(text)
