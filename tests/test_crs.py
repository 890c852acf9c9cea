"""Coordinates: EPSG:5514 inside, every Czech way of writing them at the edges."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from hotspots.crs import parse_crs, require_5514, to_5514, to_wgs84
from hotspots.errors import CRSError

# Published: 17.2046 E, 50.2294 N in EPSG:5514.
LON, LAT, EASTING, NORTHING = 17.2046, 50.2294, -543455.674, -1050795.374


@pytest.mark.parametrize(
    ("x", "y", "crs"),
    [
        (LON, LAT, 4326),
        (LON, LAT, "EPSG:4326"),
        (EASTING, NORTHING, 5514),
        (-EASTING, -NORTHING, 5513),
        (-EASTING, -NORTHING, "S-JTSK"),
        (-EASTING, -NORTHING, "s-jtsk"),
        (EASTING, NORTHING, CRS.from_epsg(5514)),
    ],
)
def test_every_way_of_writing_gives_the_same_point(x, y, crs):
    east, north = to_5514(np.array([x]), np.array([y]), crs=crs)
    assert east[0] == pytest.approx(EASTING, abs=0.1)
    assert north[0] == pytest.approx(NORTHING, abs=0.1)


def test_back_to_degrees():
    lon, lat = to_wgs84(np.array([EASTING]), np.array([NORTHING]))
    assert lon[0] == pytest.approx(LON, abs=1e-6)
    assert lat[0] == pytest.approx(LAT, abs=1e-6)


@pytest.mark.reference
def test_reference_point(shared):
    text = (shared / "reference" / "czech" / "crs_check_jesenik.json").read_text(encoding="utf-8")
    assert str(EASTING) in json.dumps(json.loads(text))


@given(x=st.floats(-560_000, -530_000), y=st.floats(-1_060_000, -1_040_000))
def test_round_trip_within_a_centimetre(x, y):
    lon, lat = to_wgs84(np.array([x]), np.array([y]))
    east, north = to_5514(lon, lat, crs=4326)
    assert abs(east[0] - x) < 0.01
    assert abs(north[0] - y) < 0.01


def test_missing_stays_missing_and_impossible_becomes_missing():
    x, y = to_5514(np.array([LON, np.nan, 500.0]), np.array([LAT, LAT, 500.0]), crs=4326)
    assert np.isfinite(x).tolist() == [True, False, False]
    assert np.isfinite(y).tolist() == [True, False, False]


def test_input_is_untouched_and_the_answer_is_a_copy():
    x, y = np.array([EASTING]), np.array([NORTHING])
    out, _ = to_5514(x, y, crs=5514)
    out[0] = 0.0
    assert x[0] == EASTING
    assert to_5514(np.array([]), np.array([]), crs=4326)[0].shape == (0,)


def test_unknown_systems_are_named():
    with pytest.raises(CRSError, match="'EPSG:99999' is no coordinate system"):
        parse_crs("EPSG:99999")
    with pytest.raises(CRSError, match="'gps' is no coordinate system"):
        to_5514(np.array([0.0]), np.array([0.0]), crs="gps")


def test_a_layer_must_be_in_5514():
    require_5514(CRS.from_epsg(5514), what="layer")
    with pytest.raises(CRSError, match="the file has no coordinate system"):
        require_5514(None, what="the file")
    with pytest.raises(CRSError, match="the file is in EPSG:3857, but EPSG:5514 is needed"):
        require_5514(CRS.from_epsg(3857), what="the file")
