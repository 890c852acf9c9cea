"""Made-up bodies and queries for every address that reads or answers JSON.

By hypothesis, without schemathesis: that would add seven packages, one of them compiled, and asks
for an OpenAPI document, which a server of pages has not.
"""

import json
import shutil
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots.settings import Workspace
from hotspots.store import Store
from web import create_app

from .filled import Watch, addresses, fill
from .signing import client_as, csrf_token

N_EXAMPLES = 60
ASKED = {"Accept": "application/json"}
MAY_CHANGE = frozenset({"audit", "sign_in_failures"})
# What the form of reports sends.
VALID = {
    "things": ["night_noise"],
    "when": "now",
    "placed_by": "text",
    "place": "Husova 5",
    "note": "",
    "discovered_by": "patrol",
    "measures": ["advice"],
}

texts = st.text(max_size=30) | st.sampled_from(
    [
        "",
        "\x00",
        "<script>",
        "'; DROP TABLE incidents",
        "\u202e",
        "9" * 400,
        "NaN",
        "../../x",
        "1e999",
    ]
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63])
    | st.floats()
    | texts
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
FIELDS = [*VALID, "report_id", "lon", "lat", "accuracy_m", "hours", "occurred", "correct", "old"]
raw = st.sampled_from(
    [b"", b"{", b"null", b"[]", b"NaN", b'"\\ud800"', b"\xff\xfe", b"[" * 3_000, b'{"a":' * 1_500]
) | st.binary(max_size=60)


@st.composite
def nearly_valid(draw):
    """A report with some fields replaced, taken away, or added."""
    body = {"report_id": str(uuid.UUID(int=draw(st.integers(0, 2**128 - 1)), version=4)), **VALID}
    for name in draw(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3)):
        body[name] = draw(anything)
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=1)):
        body.pop(name, None)
    return json.dumps(body).encode()


bodies = nearly_valid() | anything.map(lambda value: json.dumps(value).encode()) | raw
queries = st.dictionaries(
    st.sampled_from(["q", "lon", "lat", "item", "incident", "source", "lang", "page", "x"]),
    texts | st.floats().map(str) | st.integers().map(str),
    max_size=4,
)
fuzz = settings(
    max_examples=N_EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def filled(sample, tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "town"
    shutil.copytree(sample.path, path)
    return fill(Workspace.open(path))


@pytest.fixture(scope="module")
def app(filled):
    app = create_app(filled.workspace)
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    return app


@pytest.fixture
def assistant(app):
    """In a session of their own: what was sent in another cannot be taken back in it."""
    return client_as(app, "assistant")


@pytest.fixture(scope="module")
def administrator(app):
    return client_as(app, "administrator")


def strict_json(answer):
    """Return the JSON of an answer; NaN and infinities, which are none, are refused."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    assert answer.mimetype == "application/json", (answer.status, answer.data[:200])
    return json.loads(answer.data, parse_constant=refuse)


def n_kept(filled):
    with Store.open(filled.workspace) as store:
        return len(store.batches()), len(store.read_incidents(columns=("incident_id",)))


@pytest.mark.parametrize("path", ["/report/send", "/report/undo"])
def test_a_report_is_kept_whole_or_refused_with_a_reason(filled, assistant, path):
    token = csrf_token(assistant)
    headers = {"X-CSRFToken": token, "Content-Type": "application/json"}
    saved, refused = [], []

    @fuzz
    @given(body=bodies)
    def look(body):
        before = n_kept(filled)
        answer = assistant.post(f"{path}?lang=en", data=body, headers=headers)
        said = strict_json(answer)
        if answer.status_code == 200:
            saved.append(said["state"])
            assert said["state"] in {"saved", "already"}
            n = 1 if said["state"] == "saved" else 0
            assert n_kept(filled) == (before[0] + n, before[1] + n)
        else:
            refused.append(answer.status_code)
            assert 400 <= answer.status_code < 500
            assert said["error"]
            assert n_kept(filled) == before

    watch = Watch(filled, without=MAY_CHANGE)
    look()
    assert watch.has_changed() == bool(saved)
    assert len(refused) > N_EXAMPLES / 3
    assert bool(saved) == (path == "/report/send")


def test_a_body_that_is_no_json_by_its_header_is_no_report(filled, assistant):
    token = csrf_token(assistant)
    watch = Watch(filled, without=MAY_CHANGE)
    body = json.dumps({"report_id": str(uuid.uuid4()), **VALID}).encode()[:-3]
    for kind in ("text/plain", "application/xml", "multipart/form-data", "", "application/json;x"):
        headers = {"X-CSRFToken": token, "Content-Type": kind}
        answer = assistant.post("/report/send?lang=en", data=body, headers=headers)
        assert 400 <= answer.status_code < 500, kind
    assert not watch.has_changed()


@pytest.fixture(scope="module")
def json_addresses(app, filled, administrator):
    """Addresses that answer JSON to whoever may ask, found by asking every one of them."""
    found = []
    for _endpoint, methods, path in addresses(app, filled):
        if "GET" in methods and not path.startswith(("/static/", "/link/")):
            answer = administrator.get(path, headers=ASKED, buffered=True)
            if "json" in (answer.mimetype or ""):
                found.append(path)
    return found


def test_every_query_is_answered_with_json_and_changes_nothing(
    filled, administrator, json_addresses
):
    assert {"/waiting/search.json", "/waiting/at.json", "/report/token", "/place-map.json"} <= set(
        json_addresses
    )
    watch = Watch(filled, without=MAY_CHANGE)

    @fuzz
    @given(query=queries, path=st.sampled_from(json_addresses))
    def look(query, path):
        answer = administrator.get(path, query_string=query, headers={"Accept": "application/json"})
        assert answer.status_code < 500, (path, query)
        if path.endswith(".json") or answer.mimetype == "application/json":
            strict_json(answer)
        assert b"Traceback" not in answer.data

    look()
    assert not watch.has_changed()
