"""Which files of RÚIAN ČÚZK publishes for a municipality, and the newest of them downloaded."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import requests

from hotspots.errors import NotFoundError, ParameterError
from hotspots.i18n import _, format_day
from hotspots.layers.fetch.download import Downloaded, download_zip
from hotspots.layers.fetch.patience import Patience
from hotspots.progress import Report, silent

MONTHS: Final = 6  # how far back a file is looked for
_GB: Final = 1_000_000_000
# The largest file of a municipality is Prague's, some hundreds of MB.
_TOWN_LIMIT_BYTES: Final = 1 * _GB
_TOWN_UNPACKED_BYTES: Final = 12 * _GB
_CSV_LIMIT_BYTES: Final = _GB // 10
_CSV_UNPACKED_BYTES: Final = _GB
_STATE_LIMIT_BYTES: Final = 3 * _GB
_STATE_UNPACKED_BYTES: Final = 40 * _GB
OWN_FILES: Final = re.compile(
    r"[0-9]{8}_(OB_[0-9]{6}_(UKSH|ADR)|ST_UKSH)\.(xml|csv)\.zip(\.part)?(\.json)?"
)


@dataclass(frozen=True)
class Published:
    """A kind of file published once a month.

    Attributes
    ----------
    folder
        Under `Settings.ruian_url`.
    ending
        What follows the day in the file's name.
    limit_bytes, unpacked_limit_bytes
        Beyond which it cannot be that file.
    """

    folder: str
    ending: str
    limit_bytes: int
    unpacked_limit_bytes: int

    def url(self, ruian_url: str, day: date) -> str:
        """Return the address of the file of one day."""
        return f"{ruian_url.rstrip('/')}/{self.folder}/{day:%Y%m%d}_{self.ending}"


@dataclass(frozen=True)
class Dated:
    """A file downloaded, with the day its name says."""

    file: Downloaded
    day: date


def town_file(municipality: str) -> Published:
    """Return the file with everything of a municipality, in original boundaries.

    Raises
    ------
    ParameterError
        The code has not six digits.
    """
    return Published(
        "soucasna",
        f"OB_{_six_digits(municipality)}_UKSH.xml.zip",
        _TOWN_LIMIT_BYTES,
        _TOWN_UNPACKED_BYTES,
    )


def address_file(municipality: str) -> Published:
    """Return the table of addresses of a municipality; errors as `town_file`."""
    return Published(
        "csv",
        f"OB_{_six_digits(municipality)}_ADR.csv.zip",
        _CSV_LIMIT_BYTES,
        _CSV_UNPACKED_BYTES,
    )


def state_file() -> Published:
    """Return the file of the whole state down to districts (ZSJ)."""
    return Published("soucasna", "ST_UKSH.xml.zip", _STATE_LIMIT_BYTES, _STATE_UNPACKED_BYTES)


def _six_digits(municipality: str) -> str:
    if not re.fullmatch("[0-9]{6}", municipality):
        raise ParameterError(
            _(
                "municipality must be a code (ZÚJ) of six digits, such as 536385 for Jeseník, "
                "got {value!r}; codes are at vdp.cuzk.gov.cz under Obec"
            ).format(value=municipality[:40])
        )
    return municipality


def today_in_czechia() -> date:
    """Return today's date where the files are published."""
    return datetime.now(ZoneInfo("Europe/Prague")).date()


def candidate_days(today: date, *, months: int = MONTHS) -> tuple[date, ...]:
    """Return the last days of the months before `today`'s, newest first.

    In the first days of a month the file of the last day of the month before may not be there
    yet, so more than one is worth asking for.
    """
    days = []
    day = today
    for _n in range(months):
        day = day.replace(day=1) - timedelta(days=1)
        days.append(day)
    return tuple(days)


def download_newest(
    published: Published,
    ruian_url: str,
    target_dir: Path,
    *,
    today: date,
    session: requests.Session,
    patience: Patience,
    report: Report = silent,
) -> Dated:
    """Download the newest file of a kind.

    Parameters
    ----------
    published
        From `town_file`, `address_file` or `state_file`.
    ruian_url
        The folder above `soucasna/` and `csv/`.
    target_dir
        Existing directory; what lies there of an earlier download is used.
    today
        Files of the six months before are looked for.
    session, patience, report
        As in `download_zip`.

    Returns
    -------
    dated

    Raises
    ------
    NotFoundError
        No month has such a file.
    SourceError, StoreError
        As `download_zip`; an older file is then not taken instead.
    """
    days = candidate_days(today)
    for day in days:
        try:
            file = download_zip(
                published.url(ruian_url, day),
                target_dir,
                limit_bytes=published.limit_bytes,
                unpacked_limit_bytes=published.unpacked_limit_bytes,
                report=report,
                session=session,
                patience=patience,
            )
        except NotFoundError:
            continue
        return Dated(file, day)
    raise NotFoundError(
        _(
            "ČÚZK has no file {name} of {first} to {last}; is the code of the municipality right? "
            "Otherwise the files have moved: set the new address as ruian_url in settings.toml "
            "(now {url})"
        ).format(
            name=f"…_{published.ending}",
            first=format_day(days[-1]),
            last=format_day(days[0]),
            url=ruian_url,
        )
    )
