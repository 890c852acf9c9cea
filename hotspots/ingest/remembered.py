"""Column mappings of earlier imports, remembered in the workspace for the next file of a source."""

import re
from dataclasses import replace
from pathlib import Path

from hotspots.errors import HotspotsError, SchemaError
from hotspots.i18n import _
from hotspots.ingest.mapping import Mapping
from hotspots.ingest.table import Table


def remember_mapping(directory: Path, mapping: Mapping, *, source: str) -> None:
    """Keep a mapping as ``<source>.toml``, in place of the former one.

    Its periods of record are left out: the next file covers other days.

    Raises
    ------
    OSError
        The directory cannot be written.
    """
    directory.mkdir(exist_ok=True)
    target = directory / f"{source}.toml"
    draft = target.with_name(target.name + ".part")
    kept = replace(mapping, source=source, record=())
    draft.write_text(kept.to_toml(), encoding="utf-8")
    draft.replace(target)


def recall_mapping(directory: Path, source: str) -> Mapping | None:
    """Return the mapping remembered for a source, None where there is none.

    Raises
    ------
    SourceError, ParameterError
        Somebody has changed it so that it breaks a rule.
    """
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", source):
        return None
    path = directory / f"{source}.toml"
    return replace(Mapping.read(path), source=source) if path.is_file() else None


def find_mapping(directory: Path, table: Table) -> Mapping | None:
    """Return the one remembered mapping whose columns a file has all, None where there is none.

    Raises
    ------
    SchemaError
        Several would do.
    """
    fitting: dict[str, Mapping] = {}
    for path in sorted(directory.glob("*.toml")):
        try:
            mapping = recall_mapping(directory, path.stem)
        except HotspotsError:  # one that is broken fits nothing, and says so when it is named
            continue
        wanted = set() if mapping is None else set(mapping.columns.values())
        if mapping is not None and wanted and wanted <= set(table.columns):
            fitting[path.stem] = mapping
    if len(fitting) > 1:
        raise SchemaError(
            _(
                "{name}: the mappings remembered for {sources} fit its columns alike; "
                "choose one with --source"
            ).format(name=table.path.name, sources=", ".join(fitting))
        )
    return next(iter(fitting.values()), None)
