"""`hotspots user`, and the link that `hotspots serve` prints: as an administrator meets them."""

import json
import re

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner

from hotspots.accounts import Accounts, passwords
from hotspots.cli import main
from hotspots.cli.first_link import link_address, local_address, say_first_link
from hotspots.errors import ParameterError
from hotspots.settings import Settings, Workspace

GOOD = "kolovrat-mlha-ostruzina-7"
LINK = re.compile(r"^    (\S+)/link/([A-Za-z0-9_-]{43})$", re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def cheap():
    """Hash passwords with the cheapest parameters."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        passwords._stand_in.cache_clear()
        yield
    passwords._stand_in.cache_clear()


@pytest.fixture
def workspace(tmp_path):
    made = Workspace(tmp_path, Settings())
    made.write_settings()
    return made


@pytest.fixture
def run(workspace):
    def invoke(*args, code=0):
        result = CliRunner().invoke(main, ["user", *args, "--workspace", str(workspace.path)])
        assert result.exit_code == code, result.output + repr(result.exception)
        return result.output

    return invoke


def token_of(text, address="http://127.0.0.1:8000"):
    ((found, token),) = LINK.findall(text)
    assert found == address
    return token


def test_from_the_first_link_to_a_closed_account(run, workspace):
    assert "The first one is made with: hotspots user first-link" in run()
    first = token_of(
        run("first-link", "--address", "https://mapa.example/"), "https://mapa.example"
    )
    with Accounts.open(workspace) as accounts:
        accounts.use_first_link(first, name="eva", display_name="Eva Malá", password=GOOD)
    assert "There is an administrator already" in run("first-link", code=2)

    told = run("add", "Jan.Novak", "--role", "mentor", "--display-name", "Jan Novák")
    assert "within 7 days" in told
    with Accounts.open(workspace) as accounts:
        accounts.use_link(token_of(told), password=GOOD)
        phone = accounts.sign_in("jan.novak", GOOD, address="", browser="")
    listed = run("list")
    assert re.search(r"jan\.novak +Jan Novák +mentor +open", listed)

    assert "jan.novak is commander now" in run("role", "jan.novak", "commander")
    assert "as Honza now" in run("rename", "jan.novak", "Honza")
    assert "1 sign-in of jan.novak is ended" in run("sign-out", "jan.novak")
    with Accounts.open(workspace) as accounts:
        assert accounts.who(phone) is None
    token_of(run("reset", "jan.novak"))
    assert "waits for a password" in run("list")
    assert "is closed" in run("close", "jan.novak")
    assert "is closed; open it first" in run("reset", "jan.novak", code=2)
    token_of(run("reopen", "jan.novak"))
    assert "last administrator" in run("close", "eva", code=2)


def test_what_commands_do_is_recorded_as_the_systems(run, workspace):
    run("add", "jan", "--role", "mentor")
    with Accounts.open(workspace) as accounts:
        (entry,) = accounts.audit_entries()
    assert (entry.role, entry.action, entry.subject) == ("system", "account", "jan")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["add", "Jan Novák", "--role", "mentor"], "letters without accents"),
        (["add", "jan", "--role", "root"], "Invalid value for '--role'"),
        (["add", "jan"], "Missing option '--role'"),
        (["role", "nobody", "mentor"], "nobody has the name 'nobody'"),
        (["close", "nobody"], "hotspots user list"),
        (["add", "jan", "--role", "mentor", "--address", "mapa.example"], "--address is where"),
        (["first-link", "--address", "https://a/?x=1"], "--address is where"),
    ],
)
def test_wrong_arguments_are_told_and_nothing_is_made(run, workspace, args, why):
    result = run(*args, code=1 if "nobody" in args else 2)
    assert why in result
    with Accounts.open(workspace) as accounts:
        assert accounts.users() == []
        assert accounts.audit_entries() == []


def test_json_for_scripts(run):
    made = json.loads(run("add", "jan", "--role", "council", "--json"))
    assert made["name"] == "jan"
    assert made["link"].startswith("http://127.0.0.1:8000/link/")
    assert made["valid_days"] == 7
    (listed,) = json.loads(run("list", "--json"))
    assert (listed["role"], listed["state"]) == ("council", "no password")
    assert json.loads(run("close", "jan", "--json"))["state"] == "closed"
    assert json.loads(run("--json"))[0]["state"] == "closed"


def test_serving_prints_the_first_link_while_there_is_no_administrator(workspace, capsys):
    say_first_link(workspace, "http://127.0.0.1:8000")
    first = token_of(capsys.readouterr().out)
    say_first_link(workspace, "https://mapa.example")
    second = token_of(capsys.readouterr().out, "https://mapa.example")
    with Accounts.open(workspace) as accounts:
        assert first != second
        accounts.use_first_link(second, name="eva", display_name="Eva", password=GOOD)
    say_first_link(workspace, "http://127.0.0.1:8000")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:81"),
        ("0.0.0.0", "http://127.0.0.1:81"),  # noqa: S104 - compared, not bound
        ("::", "http://127.0.0.1:81"),
        ("::1", "http://[::1]:81"),
        ("server", "http://server:81"),
    ],
)
def test_where_a_browser_reaches_the_server(host, address):
    assert local_address(host, 81) == address
    assert link_address(address, "x") == f"{address}/link/x"


@pytest.mark.parametrize("address", ["", "ftp://a", "http://", "//a", "https://a/#b"])
def test_what_is_no_address_of_a_server_is_refused(address):
    with pytest.raises(ParameterError, match="where browsers reach the server"):
        link_address(address, "x")
