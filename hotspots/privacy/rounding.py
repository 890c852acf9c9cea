"""Numbers that stand alone beside the tables, said so coarsely that small ones stay unknown."""

from hotspots.i18n import _, format_number
from hotspots.privacy.tables import THRESHOLD


def about(count: int, *, threshold: int = THRESHOLD) -> str:
    """Return a count for a reader: nothing for 0, else below the threshold or rounded down to it.

    Parameters
    ----------
    count
        From 0.
    threshold
        Counts below it are said to be fewer; others are rounded down to a multiple of it, so that
        two answers rarely differ by what one incident adds.
    """
    if not count:
        return ""
    if count < threshold:
        return _("fewer than {n}").format(n=format_number(threshold))
    rounded = count - count % threshold
    return _("about {n}").format(n=format_number(rounded))
