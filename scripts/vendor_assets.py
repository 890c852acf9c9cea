"""Fetch the browser packages that the map needs from npm and write their one manifest.

Run as ``python scripts/vendor_assets.py`` on a machine with npm and a network; the files and the
manifest are committed, so that nobody else needs either.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "hotspots" / "maps" / "vendor"
# package, version, licence, {file in the package: name here}
PACKAGES = (
    (
        "leaflet",
        "1.9.4",
        "BSD-2-Clause",
        {
            "dist/leaflet.js": "leaflet.js",
            "dist/leaflet.css": "leaflet.css",
            "LICENSE": "leaflet-LICENSE.txt",
        },
    ),
)


def fetch(package: str, version: str, directory: Path) -> Path:
    """Download one package as npm packs it and return its archive."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to fetch the packages")
    packed = subprocess.run(
        [npm, "pack", "--silent", f"{package}@{version}"],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
    )
    return directory / packed.stdout.split()[-1]


def main() -> None:
    """Write every file and the manifest."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    lines = ["# Written by scripts/vendor_assets.py; checked by tests/test_maps_assets.py."]
    with tempfile.TemporaryDirectory() as name:
        for package, version, licence, files in PACKAGES:
            archive = fetch(package, version, Path(name))
            with tarfile.open(archive) as packed:
                for inside, here in files.items():
                    member = packed.extractfile(f"package/{inside}")
                    if member is None:
                        sys.exit(f"{package}@{version} has no file {inside}")
                    content = member.read()
                    (VENDOR / here).write_bytes(content)
                    lines += [
                        "",
                        "[[file]]",
                        f'name = "{here}"',
                        f'package = "{package}"',
                        f'version = "{version}"',
                        f'licence = "{licence}"',
                        f'path = "{inside}"',
                        f'sha256 = "{hashlib.sha256(content).hexdigest()}"',
                    ]
    (VENDOR / "manifest.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
