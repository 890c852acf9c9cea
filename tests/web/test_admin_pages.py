"""The administrator's pages: what needs attention, the offence table, settings, backups."""

import io
import json
import re
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from hotspots.accounts import Accounts, audit
from hotspots.backup import list_backups, make_backup
from hotspots.ingest.offence_table import FILE_NAME, OffenceTable, read_own
from hotspots.settings import Workspace
from web import admin_page
from web.jobs import INTERRUPTED, Jobs, Outcome

from .conftest import HOSTILE
from .signing import client_as, make_app, send

WAIT_S = 30.0
PAGES = ("/admin", "/admin/offences", "/admin/settings", "/admin/backups")


@pytest.fixture
def town(new_town, tmp_path):
    return new_town(tmp_path / "town")


@pytest.fixture
def app(town):
    return make_app(town)


@pytest.fixture
def admin(app):
    return client_as(app, "administrator")


def entries(workspace, action):
    with Accounts.open(workspace) as accounts:
        return accounts.audit_entries(actions=(action,))


def matters(client):
    page = client.get("/admin?lang=en").text
    return re.findall(r"<li(?: class=\"grave\")?><p>(.*?)</p>", page)


@pytest.mark.parametrize("role", ["", "commander", "mentor", "assistant", "council"])
def test_nobody_else_opens_or_changes_any_of_it(town, app, role):
    client = client_as(app, role)
    for path in (*PAGES, "/admin/backups/hotspots-20260101T000000Z.zip"):
        assert client.get(path).status_code == (403 if role else 303)
    for path in ("/admin/offences", "/admin/offences/remove", "/admin/settings", "/admin/backups"):
        assert send(client, path, {"pattern": "x", "group": "theft"}).status_code == (
            403 if role else 401
        )
    assert not (town.path / FILE_NAME).exists()
    assert list_backups(town) == []


# --- what needs attention ------------------------------------------------------------------------


def test_a_new_workspace_lacks_a_backup_and_nothing_else(town, admin):
    assert matters(admin) == ["There is no backup yet."]
    make_backup(town)
    page = admin.get("/admin?lang=en").text
    assert "Nothing: backups, work, accounts and the audit record are in order." in page
    for address in re.findall(r'<li><a href="([^"]+)">', page):
        assert admin.get(address).status_code == 200


def test_an_old_backup_a_person_without_password_and_failed_work_are_told(town, admin):
    old = datetime.now(UTC) - timedelta(days=8)
    made = make_backup(town).path
    made.rename(made.with_name(f"hotspots-{old:%Y%m%dT%H%M%SZ}.zip"))
    with Accounts.open(town) as accounts:
        accounts.add_user("eva.nova", display_name=HOSTILE, role="council", by=None)
    jobs = admin.application.extensions["hotspots_jobs"]

    def fail(_report, _tell):
        raise OSError("broken")

    jobs.start("fetch", "Fetch of layers", fail)
    jobs.wait(wait_s=WAIT_S)
    told = matters(admin)
    assert told[0] == "The last backup is 8 days old."
    assert re.fullmatch(r"Fetch of layers has failed \(.*\)\.", told[1])
    assert told[2].startswith("&lt;script&gt;")
    assert "has not chosen a password yet; a link holds for 7 days" in told[2]
    # Done since: no longer told.
    jobs.start("fetch", "Fetch of layers", lambda _report, _tell: Outcome("Done."))
    jobs.wait(wait_s=WAIT_S)
    assert len(matters(admin)) == 2


def test_a_changed_audit_record_and_a_full_disk_stand_first(town, admin, monkeypatch):
    usual = admin_page.health_report

    def broken(*args):
        report = usual(*args)
        return type(report)(**(vars(report) | {"audit_break": 3, "free_bytes": 10_000_000}))

    monkeypatch.setattr(admin_page, "health_report", broken)
    told = matters(admin)
    assert "line 3 does not follow" in told[1]
    assert told[2] == "Only 10 MB are free on the disk of the workspace."


def test_what_waits_for_a_place_is_told(signing):
    told = matters(client_as(signing, "administrator"))
    assert re.fullmatch(
        r"\d+ incidents wait for a place and are not counted on the map\.", told[-1]
    )


# --- the offence table ---------------------------------------------------------------------------


def test_a_row_is_added_changed_and_removed(town, admin):
    path = town.path / FILE_NAME
    row = {"pattern": "vejplata", "group": "ordinance", "note": "podle strážníků"}
    done = send(admin, "/admin/offences?lang=en", row)
    assert done.headers["Location"] == "/admin/offences?done=set&lang=en"
    assert [(r.pattern, r.group, r.note) for r in read_own(path)] == [tuple(row.values())]
    send(admin, "/admin/offences", row | {"group": "theft"})
    assert [r.group for r in read_own(path)] == ["theft"]
    page = admin.get("/admin/offences?lang=en&test=vejplata").text
    assert "The town&#39;s own rows: 1" in page or "The town's own rows: 1" in page
    assert '<strong class="wrap">vejplata</strong>: Theft' in page
    done = send(admin, "/admin/offences/remove?lang=en", {"pattern": "vejplata"})
    assert done.headers["Location"] == "/admin/offences?done=removed&lang=en"
    assert read_own(path) == ()
    lines = entries(town, audit.SETTINGS)
    assert [(one.subject, one.details["what"]) for one in lines] == [
        ("vejplata", "offence_removed"),
        ("vejplata", "offence_set"),
        ("vejplata", "offence_set"),
    ]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"pattern": "", "group": "theft"}, "Write the paragraph or the wording"),
        ({"pattern": "§ 5", "group": "theft"}, "needs the law"),
        ({"pattern": "rvačka", "group": "nonsense"}, "is unknown"),
        ({"pattern": "*", "group": "theft"}, "holds no word"),
        ({"pattern": "x" * 201, "group": "theft"}, "one line of at most 200"),
        ({"pattern": "a\nb", "group": "theft"}, "one line of at most 200"),
        ({"pattern": "krádež", "group": "theft", "kind": "odd"}, "is unknown"),
        ({"pattern": "krádež", "group": "theft", "kind": "police_type"}, "is a number"),
    ],
)
def test_a_row_that_breaks_a_rule_is_not_kept(town, admin, row, says):
    answer = send(admin, "/admin/offences?lang=en", row)
    assert answer.status_code == 400
    assert says in answer.text
    assert not (town.path / FILE_NAME).exists()
    assert entries(town, audit.SETTINGS) == []


def test_shipped_rows_are_searched_and_cannot_be_removed(town, admin):
    page = admin.get("/admin/offences?lang=en&q=kradez&group_only=theft").text
    shipped = [r for r in OffenceTable.shipped().rows if r.group == "theft"]
    assert shipped
    assert "Rows that come with the program:" in page
    refused = send(admin, "/admin/offences/remove?lang=en", {"pattern": shipped[0].pattern})
    assert refused.status_code == 400
    assert "only the town" in refused.text


def test_a_text_is_tried(admin):
    page = admin.get("/admin/offences", query_string={"lang": "en", "test": HOSTILE}).text
    assert "unknown, counted as: Other offences" in page
    assert "<script>alert" not in page


# --- settings ------------------------------------------------------------------------------------


def settings_form(client):
    page = client.get("/admin/settings?lang=en").text
    form = page.partition('class="own-form"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', form))
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form):
        fields[name] = re.search(r'value="(\w+)" selected', options)[1]
    fields.pop("csrf_token")
    return fields


def test_settings_are_kept_with_what_they_were_before(town, admin):
    before = Workspace.open(town.path).settings
    fields = settings_form(admin) | {"town": "Jeseník – lázně", "grid_cell_m": "200,5"}
    done = send(admin, "/admin/settings?lang=en", fields)
    assert done.headers["Location"] == "/admin/settings?done=kept&lang=en"
    after = Workspace.open(town.path).settings
    assert (after.town, after.grid_cell_m) == ("Jeseník – lázně", 200.5)
    assert (after.municipality, after.ruian_url) == (before.municipality, before.ruian_url)
    line = entries(town, audit.SETTINGS)[0]
    assert line.details == {
        "old": {"town": "Jeseník", "grid_cell_m": 250.0},
        "value": {"town": "Jeseník – lázně", "grid_cell_m": 200.5},
    }
    assert "Jeseník – lázně" in admin.get("/admin?lang=en").text
    # Nothing changed: nothing recorded.
    assert send(admin, "/admin/settings", settings_form(admin)).status_code == 303
    assert len(entries(town, audit.SETTINGS)) == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("town", "", "write 1 to 80"),
        ("town", "x" * 81, "write 1 to 80"),
        ("town", "a\x07b", "one line"),
        ("language", "de", "choose one of the list"),
        ("background", "google", "choose one of the list"),
        ("grid_cell_m", "0", "above zero"),
        ("grid_cell_m", "nan", "above zero"),
        ("grid_cell_m", "široká", "write a number"),
        ("street_reach_m", "1e12", "above zero"),
        ("segment_length_m", "-5", "above zero"),
        ("idle_minutes", "0", "from 1 to"),
        ("idle_minutes", "1,5", "write a number"),
        ("idle_minutes", "inf", "write a number"),
        ("absolute_hours", "1000", "from 1 to"),
    ],
)
def test_a_wrong_setting_changes_nothing(town, admin, name, value, says):
    file = town.path / "settings.toml"
    before = file.read_bytes()
    answer = send(admin, "/admin/settings?lang=en", settings_form(admin) | {name: value})
    assert answer.status_code == 400
    assert says in answer.text
    assert file.read_bytes() == before
    assert entries(town, audit.SETTINGS) == []


def test_settings_changed_meanwhile_are_not_overwritten(town, admin):
    fields = settings_form(admin)
    assert send(admin, "/admin/settings", fields | {"idle_minutes": "30"}).status_code == 303
    late = send(admin, "/admin/settings?lang=en", fields | {"idle_minutes": "90"})
    assert late.status_code == 400
    assert "Somebody else has changed the settings meanwhile" in late.text
    assert Workspace.open(town.path).settings.idle_minutes == 30


# --- backups and the page of their job -----------------------------------------------------------


def test_a_backup_is_made_listed_and_downloaded(town, admin):
    started = send(admin, "/admin/backups?lang=en")
    assert started.status_code == 303
    job = started.headers["Location"]
    jobs = admin.application.extensions["hotspots_jobs"]
    jobs.wait(wait_s=WAIT_S)
    page = admin.get(job).text
    assert re.search(r"<h1>The backup hotspots-\w+\.zip is made: 0 incidents, .* MB\.</h1>", page)
    assert "All imports" not in page
    kept = list_backups(town)[0]
    listed = admin.get("/admin/backups?lang=en").text
    assert f'href="/admin/backups/{kept.path.name}"' in listed
    answer = admin.get(f"/admin/backups/{kept.path.name}")
    assert answer.mimetype == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None
    answer.close()
    lines = [one for one in entries(town, audit.BACKUP) if one.user_name == "administrator"]
    assert [one.details.get("what") or one.details["state"] for one in lines] == [
        "download",
        "done",
        "started",
    ]


def test_only_backups_are_given_out(town, admin):
    make_backup(town)
    (town.backups / "other.zip").write_bytes(b"secret")
    outside = town.path / "settings.toml"
    (town.backups / "hotspots-x.zip").symlink_to(outside)
    for name in (
        "other.zip",
        "hotspots-x.zip",
        "settings.toml",
        "..%2fsettings.toml",
        "../settings.toml",
        "%2e%2e%2fsettings.toml",
        "..%5csettings.toml",
        "hotspots-20260101T000000Z.zip",
        "%00",
        "x" * 300,
    ):
        answer = admin.get(f"/admin/backups/{name}")
        assert answer.status_code in {400, 404}, name
        assert b"municipality" not in answer.data
    assert [one for one in entries(town, audit.BACKUP) if one.user_name == "administrator"] == []


def test_a_backup_that_cannot_be_read_is_listed_as_such(town, admin):
    town.backups.mkdir(exist_ok=True)
    (town.backups / "hotspots-20260101T000000Z.zip").write_bytes(b"nonsense")
    assert "cannot be read" in admin.get("/admin/backups?lang=en").text


def test_a_job_is_followed_through_reloads_stopped_and_after_a_restart_interrupted(town, app):
    admin = client_as(app, "administrator")
    jobs = app.extensions["hotspots_jobs"]
    reported, released = Event(), Event()

    def work(report, tell):
        report("half way", 0.5)
        reported.set()
        assert released.wait(WAIT_S)
        report("nearly there", 0.9)
        return Outcome("Done.")

    job = jobs.start("backup", "Backup", work, about="backup", user_name="administrator")
    assert reported.wait(WAIT_S)
    for _reload in range(2):
        page = admin.get(f"/jobs/{job.job_id}?lang=en").text
        assert '<progress id="job-bar" max="1" value="0.5"' in page
        assert ">Stop</button>" in page
    assert admin.get(f"/jobs/{job.job_id}.json").get_json()["share"] == 0.5
    for role in ("commander", "mentor", "assistant"):
        assert client_as(app, role).get(f"/jobs/{job.job_id}").status_code in {403, 404}
    # A server that is started meanwhile and finds the record without its work.
    copy = town.path.parent / "restarted"
    shutil.copytree(town.path, copy, ignore=shutil.ignore_patterns(".lock"))
    restarted = client_as(make_app(Workspace.open(copy)), "administrator")
    page = restarted.get(f"/jobs/{job.job_id}?lang=en").text
    assert "It was interrupted" in page
    assert Jobs(copy).find(job.job_id).state == INTERRUPTED
    assert "was interrupted" in restarted.get("/admin?lang=en").text
    # Stopped through its page.
    assert send(admin, f"/jobs/{job.job_id}/cancel?lang=en").status_code == 303
    assert "Stopping" in admin.get(f"/jobs/{job.job_id}?lang=en").text
    released.set()
    jobs.wait(wait_s=WAIT_S)
    assert admin.get(f"/jobs/{job.job_id}.json").get_json()["state"] == "cancelled"
    record = json.loads((town.path / "jobs" / f"{job.job_id}.json").read_text(encoding="utf-8"))
    assert record["state"] == "cancelled"
