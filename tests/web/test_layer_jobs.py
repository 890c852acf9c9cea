"""What the page of a job says was done, and the page that asks before incidents move."""

import re
import shutil

import pytest
from shapely.geometry import Point

from hotspots import layers
from hotspots.i18n import use_language
from hotspots.layers.importing import import_layers
from hotspots.layers.versions import current_version
from hotspots.settings import Workspace
from tests.ruian import file_name, make_vfr, small_town, zipped

from .conftest import X, Y, import_points
from .test_layers_page import WAIT_S, Visitor, file, geojson, text_of


@pytest.fixture(scope="module")
def official():
    town = small_town()
    name = file_name(town)
    return f"{name}.zip", zipped(name, make_vfr(town))


@pytest.fixture
def own(empty, tmp_path):
    """A workspace of its own with the bundled layers."""
    shutil.copytree(empty.path, tmp_path / "town")
    return Workspace.open(tmp_path / "town")


@pytest.fixture
def guest(own):
    return Visitor(own)


def test_an_import_that_fails_at_its_second_file_says_what_is_in_force(
    guest, official, tmp_path, own
):
    far = geojson(tmp_path, geometry=Point(X + 30_000, Y).buffer(80))
    given = {"files": [file(*official), file("own.geojson", far)], "as_kind": "quarter"}
    page = guest.do("import", given)
    assert "It has failed after part of the work; version 2 of the layers is in force now." in page
    assert "the files before it are in force, as version 2" in page
    assert "former layers stay in force" not in page
    assert current_version(own).version_id == 2


def test_an_import_stopped_after_its_first_file_says_what_is_in_force(guest, official, own):
    given = own.path / official[0]
    given.write_bytes(official[1])

    def work(report, tell):
        import_layers(own, [given], report=report)
        guest.jobs.cancel(guest.jobs.running().job_id)
        report("the second file", 0.9)

    job = guest.jobs.start("import", "An import", work)
    guest.jobs.wait(wait_s=WAIT_S)
    ended = guest.jobs.find(job.job_id)
    assert (ended.before, ended.after, ended.has_switched) == (1, 2, True)
    page = guest.page(f"/layers/jobs/{job.job_id}")
    assert "It was stopped after part of the work; version 2 of the layers is in force" in page
    assert "Stopped on request" in page
    assert "nothing has changed" not in page


def test_a_failure_without_layers_does_not_speak_of_former_ones(guest, own):
    shutil.rmtree(own.layers)
    page = guest.do("import", {"files": file("x.xml", b"<x/>")})
    assert "It has failed; nothing has changed." in page


def test_example_areas_say_so(guest, tmp_path, own):
    assert 'name="example"' in guest.page()
    fields = {"as_kind": "quarter", "example": "1"}
    guest.do("import", {"files": file("own.geojson", geojson(tmp_path)), **fields})
    with use_language("en"):
        assert layers.read_areas(own, "quarter")["name"].item() == "U mostu (example)"


def test_the_page_counts_moves_from_the_day_chosen(guest, official, own):
    import_points(own, source="here", label="Here")  # on 5, 6 and 9 March 2024
    guest.do("import", {"files": file(*official)})
    pages = {
        day: text_of(guest.get(f"/layers/place?since={day}&lang=en"))
        for day in ("", "2024-03-06", "2024-03-07", "2024-03-10", "2026-11-01")
    }
    counted = {
        day: re.findall(r"(\d+) incidents? [a-z ]*keeps? the place of (?:its|their) time", page)
        for day, page in pages.items()
    }
    assert counted == {
        "": ["3"],
        "2024-03-06": ["2"],
        "2024-03-07": ["1"],
        "2024-03-10": ["0"],
        "2026-11-01": ["0"],
    }
    assert "would move if all were placed by the layers in force" in pages[""]
    assert "Place all anew" in pages[""]
    chosen = pages["2024-03-06"]
    assert "would move if those from 6 Mar 2024 on were placed" in chosen
    assert '<input type="hidden" name="since" value="2024-03-06">' in chosen
    assert "Place those from 6 Mar 2024 on anew" in chosen
    assert "Place all anew" not in chosen
    assert "are placed by the layers in force already" in pages["2026-11-01"]
    assert guest.get("/layers/place?since=yesterday").status_code == 400
