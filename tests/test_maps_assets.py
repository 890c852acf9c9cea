"""The vendored files are those of the manifest, and nothing else is served."""

import hashlib
import re
import tomllib

import pytest

from hotspots.errors import NotFoundError
from hotspots.maps.assets import (
    AREA_SCRIPTS,
    AREA_STYLES,
    OVERVIEW_SCRIPTS,
    OVERVIEW_STYLES,
    SCRIPTS,
    STATIC_DIR,
    STYLES,
    VENDOR_DIR,
    asset_file,
    asset_text,
    asset_version,
    read_manifest,
)

ALL_SCRIPTS = sorted({*SCRIPTS, *AREA_SCRIPTS, *OVERVIEW_SCRIPTS})
ALL_STYLES = sorted({*STYLES, *AREA_STYLES, *OVERVIEW_STYLES})


def test_vendored_files_are_unchanged():
    for file in read_manifest():
        content = (VENDOR_DIR / file.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256, file.name


def test_every_vendored_file_is_in_the_manifest():
    listed = {file.name for file in read_manifest()}
    assert {p.name for p in VENDOR_DIR.iterdir()} == listed | {"manifest.toml", ".gitattributes"}


def test_the_manifest_names_version_and_licence():
    entries = tomllib.loads((VENDOR_DIR / "manifest.toml").read_text())["file"]
    for entry in entries:
        assert re.fullmatch(r"\d+\.\d+\.\d+", entry["version"])
        assert entry["licence"]
    assert any("LICENSE" in entry["name"] for entry in entries)


def test_every_static_file_is_used():
    own = {name for name in (*ALL_STYLES, *ALL_SCRIPTS) if asset_file(name).parent == STATIC_DIR}
    assert {p.name for p in STATIC_DIR.iterdir()} == own


@pytest.mark.parametrize("name", [*ALL_STYLES, *ALL_SCRIPTS])
def test_assets_fit_into_a_page(name):
    text = asset_text(name)
    assert "</script" not in text.lower()
    assert "</style" not in text.lower()
    assert "sourceMappingURL" not in text
    assert re.fullmatch(r"[0-9a-f]{12}", asset_version(name))


@pytest.mark.parametrize("name", [name for name in ALL_SCRIPTS if name != "leaflet.js"])
def test_own_scripts_write_text_only(name):
    text = asset_text(name)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    assert text.startswith("// ")


@pytest.mark.parametrize("name", ["manifest.toml", "../time_map.py", "", "leaflet-LICENSE.txt"])
def test_other_names_are_not_served(name):
    with pytest.raises(NotFoundError, match="the map has no file"):
        asset_file(name)
