"""Files appear whole or not at all, and failures name the file that was asked for."""

import errno
import os
from pathlib import Path

import pytest

from hotspots.errors import ParameterError, StoreError
from hotspots.files import cannot_write, replacing


def write(target):
    with replacing(target) as draft:
        draft.write_text("new")


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(ParameterError, match="none does not exist; make it first"):
        write(tmp_path / "none" / "a.txt")


def test_a_directory_is_no_file(tmp_path):
    with pytest.raises(ParameterError, match="is a directory, not a file"):
        write(tmp_path)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, r"\(No space left on device\); the disk may be full: make room and try"),
        (errno.EINVAL, r"a\.txt cannot be written \(Invalid argument\)$"),
        (errno.EACCES, r"a\.txt cannot be written \(Permission denied\); choose another directory"),
    ],
)
def test_failures_name_the_file_and_leave_nothing(tmp_path, monkeypatch, number, message):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def refuse(self, other):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreError, match=message):
        write(target)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    "said", ["Failed to commit transaction", "disk I/O error", "database or disk is full"]
)
def test_what_gdal_says_of_a_full_disk_is_explained(said):
    error = cannot_write(Path("layers.gpkg"), RuntimeError(said))
    assert str(error) == (
        f"layers.gpkg cannot be written ({said}); the disk may be full: make room and try again"
    )
    assert "full" not in str(cannot_write(Path("layers.gpkg"), RuntimeError("no such column")))
