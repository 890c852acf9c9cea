"""Files that appear whole or not at all: written beside their place, then put there."""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hotspots.errors import ParameterError, StoreError
from hotspots.i18n import _

_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
# Windows knows no quota on a disk by that name.
_FULL: Final = frozenset({errno.ENOSPC, errno.EFBIG, errno.EIO, getattr(errno, "EDQUOT", -1)})
# What SQLite and GDAL say where the disk is full, without a number.
_FULL_SAYS: Final = re.compile(
    "commit (transaction )?failed|failed to commit|disk i/o error|(database or )?disk is full|"
    "failed to (write|flush|sync)|no space left",
    re.IGNORECASE,
)


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read, in place of a former one.

    Raises
    ------
    OSError
        The directory cannot be written.
    """
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a draft path beside `target`; when the block ends well, it takes `target`'s place.

    If the block fails, the draft is removed and `target` stays as it was. The draft has the
    ending of `target`, since it is by the ending that drivers know the format.

    Raises
    ------
    ParameterError
        `target` is a directory, or lies in one that does not exist.
    StoreError
        It cannot be written: no right to, a full disk, or held open by another program.
    """
    if not target.parent.is_dir():
        raise ParameterError(
            _("the directory {path} does not exist; make it first").format(path=target.parent)
        )
    if target.is_dir():
        raise ParameterError(_("{path} is a directory, not a file").format(path=target))
    draft = target.with_name(f".{secrets.token_hex(6)}{target.suffix.lower()}")
    try:
        # Made here, so that a directory that cannot be written is found before the work.
        draft.touch(exist_ok=False)
        yield draft
        with draft.open("r+b") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())
        draft.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        for left in target.parent.glob(f"{draft.name}*"):
            left.unlink(missing_ok=True)


def cannot_write(target: Path, error: Exception) -> StoreError:
    """Return the error that says why `target` could not be written, naming no draft."""
    reason = getattr(error, "strerror", None) or error
    if getattr(error, "errno", None) in _FORBIDDEN:
        text = _(
            "{path} cannot be written ({reason}); choose another directory, or close the "
            "program that has the file open"
        )
    elif getattr(error, "errno", None) in _FULL or _FULL_SAYS.search(str(error)):
        text = _(
            "{path} cannot be written ({reason}); the disk may be full: make room and try again"
        )
    else:
        text = _("{path} cannot be written ({reason})")
    return StoreError(text.format(path=target, reason=reason))
