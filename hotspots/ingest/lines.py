"""Lines of a text file, read in bounded memory: no line is longer than a limit."""

from pathlib import Path
from typing import Final, TextIO

from hotspots.errors import SourceError
from hotspots.i18n import _, format_number

LINE_LIMIT: Final = 1_000_000  # characters
_READ: Final = 1 << 20  # characters read at a time


class Lines:
    """Lines of a file, without their ends, that can be taken in batches and put back."""

    def __init__(self, file: TextIO, path: Path, *, old_mac: bool) -> None:
        self._file = file
        self._path = path
        self._end = "\r" if old_mac else "\n"
        self._ready: list[str] = []
        self._rest: list[str] = []  # pieces of a line whose end has not been read
        self.ends_open = False  # whether the file, read to its end, lacks the last line end
        self.number = 1  # of the next line

    def take(self, n: int) -> list[str]:
        """Return the next lines, fewer than `n` at the end of the file only."""
        while len(self._ready) < n and self._read():
            pass
        taken, self._ready = self._ready[:n], self._ready[n:]
        self.number += len(taken)
        return taken

    def _read(self) -> bool:
        text = self._file.read(_READ)
        if text:
            *lines, rest = text.split(self._end)
            if lines:
                lines[0] = "".join(self._rest) + lines[0]
                self._rest = []
            self._rest.append(rest)
        else:
            lines = ["".join(self._rest)] if any(self._rest) else []
            self.ends_open = self.ends_open or bool(lines)
            self._rest = []
        number = self.number + len(self._ready)
        if sum(map(len, self._rest)) > LINE_LIMIT:
            raise self._too_long(number + len(lines))
        for at, line in enumerate(lines):
            if len(line) > LINE_LIMIT:
                raise self._too_long(number + at)
        self._ready += [line.removesuffix("\r") for line in lines]
        return bool(text)

    def _too_long(self, number: int) -> SourceError:
        return SourceError(
            _(
                "{name}, row {row}: the line is longer than {limit} characters, so this is no "
                "table of rows; export the data again with one row on a line"
            ).format(name=self._path.name, row=number, limit=format_number(LINE_LIMIT))
        )

    def put_back(self, lines: list[str]) -> None:
        """Make `lines`, the last ones taken, the next ones."""
        self._ready = lines + self._ready
        self.number -= len(lines)

    def is_last(self, number: int) -> bool:
        """Return whether the file ends with the line of this number."""
        more = self.take(1)
        self.put_back(more)
        return not more and number >= self.number - 1
