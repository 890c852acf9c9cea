"""What a damaged map file can make its reader raise: text that is no UTF-8, broken geometries."""

from typing import Final

import pyarrow as pa
from pyogrio.errors import DataLayerError, DataSourceError, FieldError, GeometryError
from shapely.errors import GEOSException

UNREADABLE: Final = (
    DataSourceError,
    DataLayerError,
    FieldError,
    GeometryError,
    GEOSException,
    UnicodeError,
    ValueError,
    RuntimeError,
    pa.ArrowException,
)
