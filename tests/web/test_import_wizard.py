"""The wizard: a file waits, is understood, tried, imported; whatever is sent, nothing breaks."""

import io
import re

import pytest
from flask import session
from flask_wtf.csrf import generate_csrf

from hotspots.store import Store
from hotspots.workspace_init import init_workspace
from tests.web.conftest import X, Y
from web import create_app

WAIT_S = 20.0
CSV = (
    "Číslo;Datum a čas;Ulice;Druh;Poznámka\n"
    "1;5.3.2024 21:30;Lipovská;hluk;ticho po 22\n"
    "2;6.3.2024 22:10;Masarykovo náměstí;public_order;\n"
    "3;nikdy;Lipovská;hluk;\n"
)
COORDINATES = (
    "id;datum a čas;x;y;druh\n"
    + "\n".join(f"{n};{n}.3.2024 21:30;{X + n};{Y};public_order" for n in range(1, 13))
    + "\n"
)


def text_of(response):
    return response.get_data(as_text=True)


class Visitor:
    """A browser that sends forms as the pages hold them."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.app = create_app(workspace, testing=True)
        self.client = self.app.test_client()
        self.jobs = self.app.extensions["hotspots_jobs"]

    def token(self):
        with self.app.test_request_context():
            token, raw = generate_csrf(), session["csrf_token"]
        with self.client.session_transaction() as kept:
            kept["csrf_token"] = raw
        return token

    def get(self, path, **options):
        return self.client.get(path, query_string={"lang": "en"}, **options)

    def page(self, path):
        response = self.get(path)
        assert response.status_code == 200, text_of(response)
        return text_of(response)

    def post(self, path, data, **options):
        fields = {"csrf_token": self.token(), **data}
        return self.client.post(path, query_string={"lang": "en"}, data=fields, **options)

    def upload(self, name, content):
        content = content if isinstance(content, bytes) else content.encode()
        return self.post("/import", {"file": (io.BytesIO(content), name)})

    def stage(self, name="reports.csv", content=CSV):
        """Send a file and return the address of its page."""
        response = self.upload(name, content)
        assert response.status_code == 303, text_of(response)
        return response.headers["Location"].partition("?")[0]

    def fields(self, address):
        """Return the fields of the wizard's form as a browser would send them."""
        page = self.page(address)
        found = dict(
            re.findall(
                r'<input type="(?:text|date)"[^>]* name="([^"]+)"[^>]*?value="([^"]*)"', page
            )
        )
        for name, body in re.findall(
            r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', page, re.S
        ):
            options = re.findall(r'<option value="([^"]*)"( selected)?>', body)
            found[name] = next((v for v, on in options if on), options[0][0])
        for name, value in re.findall(
            r'<input type="hidden" name="(offence[^"]+)" value="([^"]*)"', page
        ):
            found[name] = value
        return found

    def do(self, address, step, **changes):
        """Send the form with some fields changed, wait for its job, return the page it leads to."""
        response = self.post(address, {**self.fields(address), **changes, "do": step})
        assert response.status_code == 303, text_of(response)
        self.jobs.wait(wait_s=WAIT_S)
        target = response.headers["Location"].partition("?")[0]
        after = self.get(target)
        if after.status_code == 303:
            target = after.headers["Location"].partition("?")[0]
            after = self.get(target)
        return target, text_of(after)


@pytest.fixture
def workspace(tmp_path):
    return init_workspace(tmp_path / "workspace")


@pytest.fixture
def visitor(workspace):
    return Visitor(workspace)


def n_incidents(workspace):
    with Store.open(workspace) as store:
        return sum(source.n_incidents for source in store.sources())


def test_a_file_goes_from_upload_over_trial_to_its_batch(visitor, workspace):
    address = visitor.stage(content=COORDINATES)
    page = visitor.page(address)
    assert "This is how the file is understood" in page
    assert "5 Mar 2024 21:30" in page
    assert "Choose the source" in page
    trial, page = visitor.do(address, "try", new_source="reports")
    assert trial == address
    assert "Trial: what the import would bring" in page
    assert re.search(r"rows of the file</th><td class=\"num\">12<", page)
    assert n_incidents(workspace) == 0
    batch, page = visitor.do(address, "import")
    assert batch == "/batches/1"
    assert "This import brought 12 new incidents." in page
    assert n_incidents(workspace) == 12
    assert visitor.get(address).status_code == 404
    assert not any((workspace.path / "incoming").iterdir())
    with Store.open(workspace) as store:
        assert store.batch(1).file_name == "reports.csv"
