"""What holds for every official file: codes, kinds of numbers, and pages saved by mistake."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from hotspots.errors import ParameterError, SourceError
from hotspots.i18n import _
from hotspots.layers.official.opening import Unpacked

HOUSE_NUMBER: Final = "č.p."
PROVISIONAL_NUMBER: Final = "č.ev."
# Code list of RÚIAN, type of building → kind of its number; the third kind has none.
NUMBER_KINDS: Final = {"1": HOUSE_NUMBER, "2": PROVISIONAL_NUMBER, "3": ""}
# RÚIAN's codes are numbers of up to nine digits.
CODE: Final = re.compile("(?!0+$)[0-9]{1,12}")
# More than any municipality has: Prague has about 250,000 addresses and 8,000 streets.
MAX_POINTS: Final = 1_000_000
MAX_UNITS: Final = 50_000
# RÚIAN began in 2012.
_FIRST_DAY: Final = date(2011, 1, 1)
_MUNICIPALITY: Final = re.compile("[0-9]{6}")
_WEB_PAGE: Final = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)


def require_municipality_code(code: str) -> None:
    """Raise `ParameterError` unless `code` is a ZÚJ, six digits."""
    if not _MUNICIPALITY.fullmatch(code):
        raise ParameterError(
            _("municipality must be a ZÚJ of six digits, such as 536385, got {value!r}").format(
                value=code[:40]
            )
        )


def is_possible_day(day: date) -> bool:
    """Say whether data of RÚIAN can stand for a day: since 2011, and no later than tomorrow."""
    return _FIRST_DAY <= day <= datetime.now(UTC).date() + timedelta(days=1)


def refuse_web_page(source: Unpacked) -> None:
    """Raise `SourceError` where a file is a web page: what a server answers when it fails."""
    if _WEB_PAGE.search(source.peek(2048)):
        raise SourceError(
            _(
                "{name} is a web page, perhaps the server's message of an error, not the data; "
                "download it again"
            ).format(name=source.path.name)
        )
