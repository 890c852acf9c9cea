"""Replacing a file whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replace_file(target: Path) -> Iterator[Path]:
    """Give a draft path beside `target`; when the block ends well, it takes `target`'s place.

    If the block fails, the draft is removed and `target` stays as it was.
    """
    handle, name = tempfile.mkstemp(prefix=".draft-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        with draft.open("r+b") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
        for tail in ("-journal", "-wal", "-shm"):
            draft.with_name(draft.name + tail).unlink(missing_ok=True)
