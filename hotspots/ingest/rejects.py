"""The CSV of rejected rows that an import leaves beside its file."""

import csv
import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final

import pandas as pd

from hotspots.cells import defuse
from hotspots.errors import SourceError
from hotspots.files import make_private
from hotspots.i18n import LANGUAGES, _, use_language
from hotspots.ingest.account import SAMPLE_ROWS, RejectedRow
from hotspots.ingest.batch import RAW, REASON, ROW

SUFFIX: Final = ".rejected.csv"


def _header() -> list[str]:
    return [_("row"), _("reason"), _("content")]


def is_ours(path: Path) -> bool:
    """Return whether the file at `path` begins as a CSV of rejected rows does."""
    headers = []
    for language in LANGUAGES:
        with use_language(language):
            headers.append(";".join(_header()))
    try:
        if not path.is_file():
            return False
        with path.open(encoding="utf-8-sig") as file:
            return file.readline(200).rstrip("\r\n") in headers
    except (OSError, UnicodeDecodeError):
        return False


class Rejects:
    """Rejected rows, gathered outside of memory until it is known where they go.

    Use it as a context manager: what was not published is gone afterwards.
    """

    def __init__(self) -> None:
        self._draft = TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
        self._writer = csv.writer(self._draft, delimiter=";", lineterminator="\r\n")
        self._reasons: Counter[str] = Counter()
        self.sample: list[RejectedRow] = []
        self.n_rows = 0
        self._places: list[Path] = []
        self._target: Path | None = None
        self._part: Path | None = None

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._draft.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)

    def add(self, rejected: pd.DataFrame) -> None:
        """Take over a chunk's rejected rows."""
        columns = (rejected[name].tolist() for name in (ROW, REASON, RAW))
        for row, reason, raw in zip(*columns, strict=True):
            self._writer.writerow([row, defuse(reason), defuse(raw)])
            self._reasons[reason] += 1
            if len(self.sample) < SAMPLE_ROWS:
                self.sample.append(RejectedRow(int(row), str(reason)))
        self.n_rows += len(rejected)

    def commonest_reason(self) -> str:
        """Return the reason given most often; the empty text where nothing was rejected."""
        return self._reasons.most_common(1)[0][0] if self._reasons else ""

    def prepare(self, places: list[Path]) -> Path | None:
        """Write the list as a draft beside the first of `places` that will have it.

        `publish` puts it in its place; a draft that was never published goes with this object.

        Returns
        -------
        place
            Where it will stand; None where no row was rejected.

        Raises
        ------
        SourceError
            No place can be written.
        """
        self._places = places
        if not self.n_rows:
            return None
        reason = ""
        for place in places:
            try:
                if place.exists() and not is_ours(place):
                    continue
                self._part = self._write_part(place)
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            self._target = place
            return place
        raise SourceError(
            _(
                "the list of rejected rows cannot be written to {places} ({reason}); "
                "nothing was stored. Free one of these names or give another place"
            ).format(places=", ".join(str(place) for place in places), reason=reason)
        )

    def publish(self) -> Path | None:
        """Put the prepared list in its place and remove older ones of ours.

        Returns
        -------
        path
            Where the list is: under its draft's name if its place is held open by another
            program; None where no row was rejected.
        """
        written = self._target
        if self._part is not None and self._target is not None:
            try:
                self._part.replace(self._target)
            except OSError:
                written = self._part
            self._part = None
        for place in self._places:
            if place != self._target and is_ours(place):
                try:
                    place.unlink()
                except OSError:  # an old list that cannot be removed spoils nothing
                    continue
        return written

    def _write_part(self, place: Path) -> Path:
        part = place.with_name(place.name + ".part")
        try:
            make_private(part)  # rows are listed whole, so they may hold personal data
            with part.open("w", encoding="utf-8-sig", newline="") as file:
                csv.writer(file, delimiter=";", lineterminator="\r\n").writerow(_header())
                self._draft.seek(0)
                while block := self._draft.read(1 << 20):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            part.unlink(missing_ok=True)
            raise
        finally:
            self._draft.seek(0, os.SEEK_END)
        return part
