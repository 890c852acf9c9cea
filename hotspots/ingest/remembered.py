"""Column mappings of earlier imports, remembered in the workspace for the next file of a source."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from hotspots.errors import HotspotsError, ParameterError, SchemaError
from hotspots.i18n import _
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.table import Table

_NAME: Final = re.compile(r"[a-z0-9_-]{1,40}")


def remember_mapping(directory: Path, mapping: Mapping, *, source: str = "", name: str = "") -> str:
    """Keep a mapping as ``<name>.toml``, in place of the former one of that name.

    Its periods of record are left out: the next file covers other days.

    Parameters
    ----------
    directory
        The workspace's mappings; made where it is missing.
    mapping
        The mapping.
    source
        Source it is for; empty means the mapping's own.
    name
        Name to keep it under; empty means the source's.

    Returns
    -------
    name
        The name it was kept under.

    Raises
    ------
    ParameterError
        The name breaks its rule, or there is none.
    OSError
        The directory cannot be written.
    """
    source = source or mapping.source
    name = name or source
    if not _NAME.fullmatch(name):
        raise ParameterError(
            _(
                "'{name}' is no name for a mapping; use 1 to 40 lower-case letters without "
                "accents, digits, - and _, for example weekly-sheet"
            ).format(name=name[:60])
        )
    directory.mkdir(exist_ok=True)
    target = directory / f"{name}.toml"
    draft = target.with_name(target.name + ".part")
    kept = replace(mapping, source=source, record=())
    draft.write_text(kept.to_toml(), encoding="utf-8")
    draft.replace(target)
    return name


def recall_mapping(directory: Path, name: str) -> Mapping | None:
    """Return the mapping remembered under a name, None where there is none.

    Its source is the one it states, else its name.

    Raises
    ------
    SourceError, ParameterError
        Somebody has changed it so that it breaks a rule.
    """
    if not _NAME.fullmatch(name):
        return None
    path = directory / f"{name}.toml"
    if not path.is_file():
        return None
    mapping = Mapping.read(path)
    return mapping if mapping.source else replace(mapping, source=name)


def list_mappings(directory: Path) -> tuple[str, ...]:
    """Return the names of the mappings remembered, sorted."""
    found = sorted(path.stem for path in directory.glob("*.toml") if path.is_file())
    return tuple(name for name in found if _NAME.fullmatch(name))


def forget_mapping(directory: Path, name: str) -> None:
    """Remove a remembered mapping; incidents imported with it stay as they are.

    Raises
    ------
    ParameterError
        No mapping has that name.
    """
    if name not in list_mappings(directory):
        raise ParameterError(_no_such(directory, name))
    (directory / f"{name}.toml").unlink()


def find_named(directory: Path, text: str) -> Mapping:
    """Return the mapping that a text names: one remembered, else a TOML file.

    Raises
    ------
    ParameterError
        It is neither.
    SourceError, ParameterError
        The mapping breaks a rule.
    """
    remembered = recall_mapping(directory, text)
    if remembered is not None:
        return remembered
    path = Path(text)
    if path.suffix or len(path.parts) > 1 or path.is_file():
        return Mapping.read(path)
    raise ParameterError(_no_such(directory, text))


def _no_such(directory: Path, name: str) -> str:
    names = ", ".join(list_mappings(directory)) or _("none yet")
    return _("no mapping is remembered as '{name}'; remembered are: {names}").format(
        name=name[:60], names=names
    )


def fitting_mappings(directory: Path, table: Table) -> dict[str, Mapping]:
    """Return the remembered mappings whose columns a file has all, by name."""
    fitting: dict[str, Mapping] = {}
    for name in list_mappings(directory):
        try:
            mapping = recall_mapping(directory, name)
        except HotspotsError:  # one that is broken fits nothing, and says so when it is named
            continue
        wanted = set() if mapping is None else set(mapping.columns.values())
        if mapping is not None and wanted and wanted <= set(table.columns):
            fitting[name] = mapping
    return fitting


def find_mapping(directory: Path, table: Table) -> Mapping | None:
    """Return the one remembered mapping whose columns a file has all, None where there is none.

    Raises
    ------
    SchemaError
        Several would do.
    """
    fitting = fitting_mappings(directory, table)
    if len(fitting) > 1:
        fault = SchemaError(
            _(
                "{name}: the mappings remembered for {sources} fit its columns alike; "
                "choose one of them by its name"
            ).format(name=table.path.name, sources=", ".join(fitting))
        )
        fault.about = "mapping"
        raise fault
    return next(iter(fitting.values()), None)
