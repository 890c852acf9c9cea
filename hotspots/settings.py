"""The workspace directory and the settings kept in its `settings.toml`."""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from hotspots.errors import ParameterError, StoreError
from hotspots.i18n import LANGUAGES, _

_SHOWN: Final = 80  # characters of a wrong value
_TOO_LARGE: Final = 1e9  # m; beyond it a number of a setting is a slip
_WEB_ADDRESS: Final = re.compile(r"https?://[\w.\[\]:-]+(/[\w./%~+-]*)?", re.ASCII)
BACKGROUNDS: Final = ("none", "cuzk", "osm")


def _shown(value: Any) -> Any:
    """Return a value as a message can show it, whatever stands in the file."""
    try:
        return value if len(repr(value)) <= _SHOWN else repr(value)[:_SHOWN]
    except (ValueError, RecursionError):
        return type(value).__name__


@dataclass(frozen=True)
class Settings:
    """Settings of one workspace; passed in where needed, never global.

    Attributes
    ----------
    municipality
        ZÚJ code of the study area.
    town
        Name shown beside the product's.
    language
        Language pages open in, `cs` or `en`.
    street_reach_m
        How far from its axis a street's polygon reaches [m].
    segment_length_m
        Longest street segment [m], about.
    grid_cell_m
        Side of a grid cell [m].
    background
        Map background: `none` (own vector layers), `cuzk` or `osm` tiles (need internet).
    sample
        The workspace holds made-up incidents; every page says so.
    ruian_url
        Where RÚIAN's files are published: the folder above `soucasna/` and `csv/`.
    districts_url
        Map service of ČÚZK asked for districts (ZSJ) that the municipality's file lacks.
    overpass_url
        Overpass service asked for streets where RÚIAN has none.
    idle_minutes
        After how many minutes without a request a browser is signed out.
    absolute_hours
        After how many hours it is signed out in any case.
    """

    municipality: str = "536385"
    town: str = "Jeseník"
    language: str = "cs"
    street_reach_m: float = 30.0
    segment_length_m: float = 150.0
    grid_cell_m: float = 250.0
    background: str = "none"
    sample: bool = False
    ruian_url: str = "https://vdp.cuzk.gov.cz/vymenny_format"
    districts_url: str = "https://ags.cuzk.gov.cz/arcgis/rest/services/RUIAN/MapServer"
    overpass_url: str = "https://overpass-api.de/api/interpreter"
    idle_minutes: int = 60
    absolute_hours: int = 12

    def __post_init__(self) -> None:
        for name in ("street_reach_m", "segment_length_m", "grid_cell_m"):
            value = getattr(self, name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not 0 < value < _TOO_LARGE:
                raise ParameterError(
                    _("setting {name} must be a number above zero, got {value!r}").format(
                        name=name, value=_shown(value)
                    )
                )
        for name in ("town", "municipality"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.isprintable():
                raise ParameterError(
                    _("setting {name} must be a text on one line, got {value!r}").format(
                        name=name, value=_shown(value)
                    )
                )
        if not re.fullmatch("[0-9]{1,9}", self.municipality):
            raise ParameterError(
                _(
                    "setting municipality must be a code of digits, such as 536385, got {value!r}"
                ).format(value=self.municipality[:40])
            )
        for name in ("ruian_url", "districts_url", "overpass_url"):
            value = getattr(self, name)
            if not isinstance(value, str) or not _WEB_ADDRESS.fullmatch(value):
                raise ParameterError(
                    _(
                        "setting {name} must be an address that begins with https:// or http://, "
                        "got {value!r}"
                    ).format(name=name, value=_shown(value))
                )
        for name, most in (("idle_minutes", 24 * 60), ("absolute_hours", 24 * 7)):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not whole or not 1 <= value <= most:
                raise ParameterError(
                    _(
                        "setting {name} must be a whole number from 1 to {most}, got {value!r}"
                    ).format(name=name, most=most, value=_shown(value))
                )
        if not isinstance(self.sample, bool):
            raise ParameterError(
                _("setting {name} must be true or false, got {value!r}").format(
                    name="sample", value=_shown(self.sample)
                )
            )
        for name, known in (("background", BACKGROUNDS), ("language", LANGUAGES)):
            if getattr(self, name) not in known:
                raise ParameterError(
                    _("setting {name} must be one of {known}, got {value!r}").format(
                        name=name, known=", ".join(known), value=_shown(getattr(self, name))
                    )
                )

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read a settings file.

        Raises
        ------
        ParameterError
            The file is no TOML, or names an unknown setting or a wrong value.
        """
        try:
            values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise ParameterError(
                _("{path} is no valid TOML: {reason}").format(path=path, reason=error)
            ) from error
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise ParameterError(
                _("{path}: unknown setting {names}; known are {known}").format(
                    path=path, names=", ".join(unknown), known=", ".join(sorted(known))
                )
            )
        return cls(**values)

    def to_toml(self) -> str:
        """Return the settings as the text of a `settings.toml`."""
        lines = []
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, str):
                escaped = value.replace("\\", "\\\\").replace('"', '\\"')
                lines.append(f'{f.name} = "{escaped}"')
            else:
                lines.append(f"{f.name} = {str(value).lower()}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Workspace:
    """One directory that holds everything of a town: database, layers, mappings, settings."""

    path: Path
    settings: Settings

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.path / "hotspots.db"

    @property
    def accounts(self) -> Path:
        """The SQLite database of accounts and of the audit record."""
        return self.path / "accounts.db"

    @property
    def layers(self) -> Path:
        """Directory of GeoPackage layers in force."""
        return self.path / "layers"

    @property
    def mappings(self) -> Path:
        """Directory of remembered column mappings."""
        return self.path / "mappings"

    @property
    def backups(self) -> Path:
        """Directory of backups."""
        return self.path / "backups"

    @classmethod
    def open(cls, path: Path) -> "Workspace":
        """Open an existing workspace.

        Raises
        ------
        StoreError
            There is none at `path`.
        """
        settings_file = path / "settings.toml"
        if not settings_file.is_file():
            raise StoreError(
                _("{path} is no workspace; make one with: hotspots init {path}").format(path=path)
            )
        return cls(path, Settings.read(settings_file))

    def write_settings(self) -> None:
        """Write `settings.toml` whole or not at all."""
        target = self.path / "settings.toml"
        draft = target.with_suffix(".toml.new")
        draft.write_text(self.settings.to_toml(), encoding="utf-8")
        draft.replace(target)
