"""The CSV of rejected rows that an import leaves beside its file."""

import csv
import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final

import pandas as pd

from hotspots.errors import SourceError
from hotspots.i18n import LANGUAGES, _, use_language
from hotspots.ingest.account import SAMPLE_ROWS, RejectedRow
from hotspots.ingest.batch import RAW, REASON, ROW

SUFFIX: Final = ".rejected.csv"
# A spreadsheet would run a cell that begins with one of these as a formula.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _header() -> list[str]:
    return [_("row"), _("reason"), _("content")]


def is_ours(path: Path) -> bool:
    """Return whether the file at `path` begins as a CSV of rejected rows does."""
    headers = []
    for language in LANGUAGES:
        with use_language(language):
            headers.append(";".join(_header()))
    try:
        with path.open(encoding="utf-8-sig") as file:
            return file.readline(200).rstrip("\r\n") in headers
    except (OSError, UnicodeDecodeError):
        return False


class Rejects:
    """Rejected rows, gathered outside of memory until it is known where they go.

    Use it as a context manager: what was not written is gone afterwards.
    """

    def __init__(self) -> None:
        self._draft = TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
        self._writer = csv.writer(self._draft, delimiter=";", lineterminator="\r\n")
        self._reasons: Counter[str] = Counter()
        self.sample: list[RejectedRow] = []
        self.n_rows = 0

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draft.close()

    def add(self, rejected: pd.DataFrame) -> None:
        """Take over a chunk's rejected rows."""
        columns = (rejected[name].tolist() for name in (ROW, REASON, RAW))
        for row, reason, raw in zip(*columns, strict=True):
            self._writer.writerow([row, safe_cell(reason), safe_cell(raw)])
            self._reasons[reason] += 1
            if len(self.sample) < SAMPLE_ROWS:
                self.sample.append(RejectedRow(int(row), str(reason), str(raw)))
        self.n_rows += len(rejected)

    def commonest_reason(self) -> str:
        """Return the reason given most often; the empty text where nothing was rejected."""
        return self._reasons.most_common(1)[0][0] if self._reasons else ""

    def write(self, places: list[Path]) -> Path | None:
        """Write the CSV to the first of `places` that will have it; remove older ones of ours.

        Returns
        -------
        path
            Where it was written; None where no row was rejected.

        Raises
        ------
        SourceError
            No place can be written.
        """
        written = None
        if self.n_rows:
            reason = ""
            for place in places:
                if place.exists() and not is_ours(place):
                    continue
                try:
                    self._write_to(place)
                except OSError as error:
                    reason = error.strerror or str(error)
                    continue
                written = place
                break
            if written is None:
                raise SourceError(
                    _(
                        "the list of rejected rows cannot be written to {places} ({reason}); "
                        "nothing was stored. Free one of these names or give another place"
                    ).format(places=", ".join(str(place) for place in places), reason=reason)
                )
        for place in places:
            if place != written and is_ours(place):
                try:
                    place.unlink()
                except OSError:  # an old list that cannot be removed spoils nothing
                    continue
        return written

    def _write_to(self, place: Path) -> None:
        part = place.with_name(place.name + ".part")
        try:
            with part.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file, delimiter=";", lineterminator="\r\n").writerow(_header())
                self._draft.seek(0)
                while block := self._draft.read(1 << 20):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            part.replace(place)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        finally:
            self._draft.seek(0, os.SEEK_END)
