"""What makes two incidents candidates for being one event, and how likely that is beforehand."""

from dataclasses import dataclass

from hotspots.errors import ParameterError
from hotspots.i18n import _

PROBABLE = 70.0  # score from which a pair is called probable, below it possible


@dataclass(frozen=True)
class LinkOptions:
    """Limits of candidates and the stated beliefs of the model; see docs/links.md.

    Attributes
    ----------
    max_distance_m
        Candidates with two known places lie no further apart [m].
    max_gap_minutes
        Their times lie no further apart [min].
    min_score
        Candidates of a lower score are not returned, 0 to 100.
    share_in_both
        Share of the smaller source's incidents that the other is believed to have too; the prior.
    place_error_m
        Standard deviation of a place, in each axis [m], besides what its precision says: two
        people note one event at different ends of a yard.
    time_error_minutes
        Mean difference of the times that two people note for one event [min].
    mistake_share
        Share of true pairs whose place, time or offence one of the two has simply wrong.
    """

    max_distance_m: float = 500.0
    max_gap_minutes: float = 720.0
    min_score: float = 10.0
    share_in_both: float = 0.1
    place_error_m: float = 30.0
    time_error_minutes: float = 30.0
    mistake_share: float = 0.02

    def __post_init__(self) -> None:
        for name in ("max_distance_m", "place_error_m", "time_error_minutes"):
            if not 0 < getattr(self, name) <= 100_000:
                raise ParameterError(
                    _("{name} must be above zero and at most 100,000, got {value}").format(
                        name=name, value=getattr(self, name)
                    )
                )
        if not 0 <= self.max_gap_minutes <= 1_440:
            raise ParameterError(
                _("max_gap_minutes must lie between 0 and 1,440, got {value}").format(
                    value=self.max_gap_minutes
                )
            )
        if not 0 <= self.min_score <= 100:
            raise ParameterError(
                _("min_score must lie between 0 and 100, got {value}").format(value=self.min_score)
            )
        for name in ("share_in_both", "mistake_share"):
            if not 0 < getattr(self, name) < 1:
                raise ParameterError(
                    _("{name} must lie between 0 and 1, got {value}").format(
                        name=name, value=getattr(self, name)
                    )
                )
