"""The errors of the library: one base, one class per kind of cause."""

import re
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class HotspotsError(Exception):
    """Base of every error the library raises on purpose.

    The message names the argument or file, the rule, the value got and the cure, in the language
    in force (see `hotspots.i18n`). Control characters that a file's name or content brings are
    written out, so that no message commands a terminal.

    Attributes
    ----------
    about
        What was left unsaid, or said wrongly: "columns", "mapping" or "source"; a command names
        its options for it. Empty for all else.
    """

    about: str = ""

    def __str__(self) -> str:
        """Return the message."""
        return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], super().__str__())


class SourceError(HotspotsError):
    """A file cannot be read as what it claims to be: type, encoding, damage, size."""


class SchemaError(HotspotsError):
    """A table or layer lacks a column, or a column holds what it must not."""


class CRSError(HotspotsError):
    """A coordinate reference system is missing, unknown, or not metric where metres are needed."""


class GeocodeError(HotspotsError):
    """A place text cannot be turned into a position."""


class StoreError(HotspotsError):
    """The workspace or its database is missing, damaged, locked, or of another version."""


class NotFoundError(HotspotsError):
    """A named thing (source, layer, area, batch) does not exist."""


class MissingAreasError(NotFoundError):
    """The layers in force have no areas of a kind.

    Attributes
    ----------
    kind
        One of `schema.AREA_KINDS`.
    version_id
        The newest version kept that has some; None where none has.
    """

    def __init__(self, message: str, *, kind: str = "", version_id: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.version_id = version_id


class ParameterError(HotspotsError, ValueError):
    """An argument breaks its rule."""
