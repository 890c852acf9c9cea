"""Official files of a town told from others, read and put together."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from hotspots.errors import HotspotsError, ParameterError
from hotspots.i18n import _
from hotspots.layers.official.addresses import is_address_table, read_addresses
from hotspots.layers.official.merging import FileKind, OfficialFile, merge
from hotspots.layers.official.opening import STATE_LIMIT, open_unpacked
from hotspots.layers.official.rules import require_municipality_code
from hotspots.layers.official.vfr import peek_header, read_typed
from hotspots.layers.town_data import TownData
from hotspots.progress import Report, silent, within

_HEAD_BYTES: Final = 1 << 14
_ROOT: Final = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?(?:Specialni)?VymennyFormat[\s>]")
# How ČÚZK names its files, and endings that nothing else brought here has.
_NAME: Final = re.compile(
    r"[0-9]{8}_(OB|ST)_.*\.(xml|csv)(\.(zip|gz))?|.*\.xml(\.(zip|gz))?", re.IGNORECASE | re.DOTALL
)
_ADDRESS_NAME: Final = re.compile(r".*_ADR\.csv(\.(zip|gz))?", re.IGNORECASE | re.DOTALL)


def is_official(path: Path) -> bool:
    """Say whether a file is to be read by `read_official`: RÚIAN's VFR or address CSV.

    Its first bytes decide, unpacked where need be. What cannot be told so (damage, a web page
    saved by mistake) is told by the name, so that the reader can say what is wrong.
    """
    path = Path(path)
    return _content(path) != "" or _NAME.fullmatch(path.name) is not None


def read_official(
    paths: Sequence[Path], *, municipality: str | None = None, report: Report = silent
) -> TownData:
    """Return what official files say of one municipality, put together.

    Parameters
    ----------
    paths
        VFR files and address CSVs in any wrapping, one at least, in any order.
    municipality
        ZÚJ, six digits. A file of the state needs it, unless a file of a municipality is
        among `paths`.
    report
        Told how far reading has come; raising `CancelledError` in it stops.

    Returns
    -------
    town
        See `hotspots.layers.official.merging.merge` for what goes before what.

    Raises
    ------
    SourceError
        A file cannot be read, or two are of different municipalities.
    SchemaError, CRSError, ParameterError, NotFoundError
        As `read_vfr` and `read_addresses`.
    """
    if not paths:
        raise ParameterError(_("paths must name one official file at least"))
    if municipality is not None:
        require_municipality_code(municipality)
    files = list(dict.fromkeys(Path(path) for path in paths))
    # Files of the state last: those of a municipality say which one to take from them.
    kinds = {file: _kind(file) for file in files}
    found: dict[Path, OfficialFile] = {}
    for i, file in enumerate(sorted(files, key=lambda f: kinds[f] is FileKind.STATE)):
        part = within(report, i / len(files), (i + 1) / len(files))
        wanted = municipality
        if wanted is None and kinds[file] is FileKind.STATE and found:
            wanted = next(iter(found.values())).data.code
        found[file] = _read(file, kinds[file], wanted, part)
    return merge([found[file] for file in files])


def _read(file: Path, kind: FileKind, municipality: str | None, report: Report) -> OfficialFile:
    if kind is FileKind.ADDRESSES:
        return OfficialFile(
            kind, "ADR", read_addresses(file, municipality=municipality, report=report)
        )
    header, data = read_typed(file, municipality=municipality, report=report)
    return OfficialFile(kind, header.file_type, data)


def _kind(file: Path) -> FileKind:
    content = _content(file)
    if content == "csv" or (not content and _ADDRESS_NAME.fullmatch(file.name)):
        return FileKind.ADDRESSES
    return FileKind.STATE if peek_header(file).is_state else FileKind.MUNICIPALITY


def _content(path: Path) -> str:
    """Return ``vfr``, ``csv``, or an empty text where the first bytes tell neither."""
    try:
        with open_unpacked(path, limit_bytes=STATE_LIMIT) as source:
            head = source.peek(_HEAD_BYTES)
    except HotspotsError:
        return ""
    if _ROOT.search(head):
        return "vfr"
    return "csv" if is_address_table(head) else ""
