"""References for rows that have none of their own, made of what the source says of the event."""

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from hotspots.i18n import _, format_number, ngettext

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
_DIGEST_BYTES: Final = 10


class ReferenceMaker:
    """Makes the references of one file, chunk by chunk.

    A reference is a BLAKE2b hash of what tells the event apart in the source's own words: time,
    position, place, offence. Nothing that a mapping derives from them goes in, so that a better
    mapping finds the incidents again.

    Rows that agree in all of that are one incident, repeated, if their time is known to the minute
    and their position comes from coordinates. Otherwise (two thefts of one day in one street) each
    is an incident of its own, and the n-th such row has the n in its reference; so the references
    of a file do not depend on the order of its rows, nor on where its chunks end.
    """

    def __init__(self) -> None:
        self._n_seen: dict[bytes, int] = {}
        self._n_same = 0
        self._n_own = 0

    def make(
        self,
        numbers: list[IntArray],
        texts: list[Any],
        *,
        wanted: BoolArray,
        exact: BoolArray,
    ) -> list[str]:
        """Return a reference for each row that wants one, the empty text for the others.

        Parameters
        ----------
        numbers
            Arrays of shape (n,).
        texts
            Arrow string arrays of n texts.
        wanted
            Shape (n,): rows without a reference that are kept.
        exact
            Shape (n,): whether minute and coordinates are known.
        """
        fixed = np.column_stack([np.ascontiguousarray(a, dtype="<i8") for a in numbers])
        width = fixed.shape[1] * 8
        head = fixed.tobytes()
        n = len(wanted)
        words = pc.binary_join_element_wise(*texts, "\x1f").to_pylist() if texts else [""] * n
        made = [""] * n
        for i in np.flatnonzero(wanted).tolist():
            said = head[i * width : (i + 1) * width] + words[i].encode()
            digest = hashlib.blake2b(said, digest_size=_DIGEST_BYTES).digest()
            earlier = self._n_seen.get(digest, 0)
            self._n_seen[digest] = earlier + 1
            if earlier and exact[i]:
                self._n_same += 1
            elif earlier:
                self._n_own += 1
                numbered = said + b"\x1e" + str(earlier + 1).encode()
                digest = hashlib.blake2b(numbered, digest_size=_DIGEST_BYTES).digest()
            made[i] = digest.hex()
        return made

    def sentences(self) -> list[str]:
        """Return what a reader should know about rows that are alike."""
        found = []
        if self._n_same:
            found.append(
                ngettext(
                    "{n} row without a reference repeats an earlier one in minute, coordinates, "
                    "place and offence, so both are taken as one incident",
                    "{n} rows without a reference repeat earlier ones in minute, coordinates, "
                    "place and offence, so they are taken as the same incidents",
                    self._n_same,
                ).format(n=format_number(self._n_same))
            )
        if self._n_own:
            found.append(
                ngettext(
                    "{n} row without a reference is like an earlier one, but minute or coordinates "
                    "are not known, so it is kept as an incident of its own",
                    "{n} rows without a reference are like earlier ones, but minute or coordinates "
                    "are not known, so each is kept as an incident of its own",
                    self._n_own,
                ).format(n=format_number(self._n_own))
                + "; "
                + _("a column with the source's own numbers, mapped to source_ref, would tell")
            )
        return found


def decimetres(metres: npt.NDArray[np.float64]) -> IntArray:
    """Return lengths in whole dm, so that digits a spreadsheet drops make no new incident."""
    return np.where(np.isnan(metres), 0, np.round(np.nan_to_num(metres) * 10)).astype(np.int64)
