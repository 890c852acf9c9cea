"""Answers are of one version of the data, whatever happens while they are made."""

import pytest

from hotspots.periods import Span
from hotspots.selection import Selection
from hotspots.store import Store
from web import create_app
from web.answers import TRIES, Answers, DataChangedError

SOURCE = "sample_assistants"


def change(workspace, year):
    """Change the record of a source, as an import in between would."""
    with Store.open(workspace) as store:
        store.set_record(SOURCE, [Span.parse(str(year))])


@pytest.fixture
def changing(own_copy, monkeypatch):
    """Let the data change while a method of the store runs, a number of times."""

    def start(method, *, times=1):
        plain = getattr(Store, method)
        left = list(range(times))

        def and_change(self, *args, **kwargs):
            answer = plain(self, *args, **kwargs)
            if left:
                monkeypatch.setattr(Store, method, plain)
                change(own_copy, 2020 + left.pop())
                monkeypatch.setattr(Store, method, and_change)
            return answer

        monkeypatch.setattr(Store, method, and_change)
        return left

    return start


@pytest.mark.parametrize("method", ["sources", "read_incidents"])
def test_a_mixed_answer_is_never_given_nor_remembered(own_copy, changing, method):
    answers = Answers(own_copy)
    version = answers.known().version
    left = changing(method)
    with pytest.raises(DataChangedError, match="ask again"):
        answers.situation(Selection(exact_only=True), version)
    assert not left
    with pytest.raises(DataChangedError, match="ask again"):
        answers.situation(Selection(exact_only=True), version)
    now = answers.known()
    found = answers.situation(Selection(exact_only=True), now.version)
    record = {source.source_id: source.record for source in now.sources}
    assert {source.source_id: source.record for source in found.sources} == record


def test_what_is_known_is_of_one_moment(own_copy, changing):
    changing("sources")
    with pytest.raises(DataChangedError, match="ask again"):
        Answers(own_copy).known()


@pytest.mark.parametrize("address", ["/", "/map", "/export.csv", "/method?by=street", "/data"])
def test_a_view_starts_anew_when_the_data_change(own_copy, changing, address):
    client = create_app(own_copy, testing=True, open_access=True).test_client()
    left = changing("sources", times=2)
    response = client.get(address)
    assert response.status_code == 200
    assert not left


def test_data_that_never_rest_are_said_so(own_copy, changing):
    client = create_app(own_copy, open_access=True).test_client()
    changing("sources", times=2 * TRIES)
    response = client.get("/?lang=en")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert "ask again in a moment" in response.get_data(as_text=True)
