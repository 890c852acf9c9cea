"""Readers and writers at one server: how much longer a change of filters takes than for one alone.

A workspace of made-up incidents is served by `hotspots serve` in a process of its own. Every reader
is signed in under an own account from an own address of this machine (127.0.1.x, so Linux only) and
changes one filter after another with time to think between; a change is the page and then its map,
both read to the end. Writers send reports, decide places and import small files. First one reader
alone is measured in the same way, without writers, on the same server.

Run: python -m benchmarks.load [--seconds 120] [--readers 50] [--writers 5]; a short look:
python -m benchmarks.load --seconds 20 --readers 10 --alone 15. The exit code is 0 if there was no
error, no lost write, and the 95th percentile stayed below three times its value for one alone.
"""

import argparse
import http.client
import json
import os
import random
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.load_client import AnswerError, Browser, read_form, read_options
from hotspots import schema
from hotspots.accounts import Accounts
from hotspots.demo import make_demo_workspace
from hotspots.settings import Workspace
from hotspots.store import Store

GOAL = 3.0
START_S = 60
IMPORT_S = 60  # an import that takes longer is an error
ROWS = 20  # of a file
FAULTS = (AnswerError, OSError, http.client.HTTPException, ValueError)
# What a reader may choose of each filter; empty takes it away.
CHOICES = {
    "by": ("", "district", "segment", "locality", "grid"),
    "every": ("", "week", "year"),
    "offence": (
        "",
        "public_order",
        "coexistence",
        "public_order,coexistence",
        "theft",
        "property",
        "alcohol_drugs",
    ),
    "weekday": ("", "5,6", "1,2,3,4", "5"),
    "hours": ("", "22-6", "6-18", "18-22"),
    "when": ("", "12", "36"),
    "source": ("", "sample_police", "sample_apk"),
}


@dataclass
class Tally:
    """What was seen by all people of one phase; used by one thread each, then added up."""

    changes_s: list[float] = field(default_factory=list)
    writes_s: dict[str, list[float]] = field(default_factory=dict)
    waited: int = 0  # writes that were asked to come again, and did
    errors: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    decided: list[int] = field(default_factory=list)
    cpu_s: float = 0.0  # of the server

    def add(self, other: "Tally") -> None:
        """Add what another person saw."""
        self.changes_s += other.changes_s
        for what, taken in other.writes_s.items():
            self.writes_s.setdefault(what, []).extend(taken)
        self.waited += other.waited
        self.errors += other.errors
        self.reports += other.reports
        self.rows += other.rows
        self.decided += other.decided


@dataclass
class Person:
    """One signed-in person and what they see."""

    browser: Browser
    chance: random.Random
    stop: threading.Event
    pause_s: float  # mean; drawn evenly from half of it to one and a half
    tally: Tally = field(default_factory=Tally)

    def live(self, act: Callable[["Person"], None]) -> None:
        """Do the same again and again, with pauses, until told to stop."""
        self.stop.wait(self.chance.uniform(0, self.pause_s))
        while not self.stop.is_set():
            try:
                act(self)
            except FAULTS as error:
                self.tally.errors.append(f"{type(error).__name__}: {error}")
            self.stop.wait(self.chance.uniform(0.5, 1.5) * self.pause_s)

    def timed(self, what: str, began: float) -> None:
        """Note how long a write took."""
        self.tally.writes_s.setdefault(what, []).append(time.perf_counter() - began)


# --- readers -----------------------------------------------------------------------------------
def make_reader(sources: list[str]) -> Callable[[Person], None]:
    """Return what a reader does: change one filter, look at the page and its map."""
    choices = CHOICES | {"source": ("", *sources)}
    state: dict[int, dict[str, str]] = {}

    def change(person: Person) -> None:
        chosen = state.setdefault(id(person), {})
        name = person.chance.choice(list(choices))
        others = [value for value in choices[name] if value != chosen.get(name, "")]
        chosen[name] = person.chance.choice(others)
        query = "&".join(f"{key}={value}" for key, value in chosen.items() if value)
        began = time.perf_counter()
        page = person.browser.ask(f"/?{query}&lang=en")
        chart = person.browser.ask(f"/map?{query}&lang=en")
        person.tally.changes_s.append(time.perf_counter() - began)
        if 'id="finding"' not in page.text or 'id="hs-data"' not in chart.text:
            raise AnswerError(f"/?{query}: neither a finding nor a map")

    return change


# --- writers -----------------------------------------------------------------------------------
def send_report(person: Person) -> None:
    """Send a report as a phone does: again, under its number, while the server asks for that."""
    number = str(uuid.UUID(int=person.chance.getrandbits(128), version=4))
    place = person.chance.choice(("Lipovská {}", "Husova {}", "u laviček za č. {} vpravo"))
    content: dict[str, object] = {
        "report_id": number,
        "things": ["night_noise"],
        "when": "now",
        "placed_by": "text",
        "place": place.format(person.chance.randrange(1, 400)),
        "note": "",
        "discovered_by": "patrol",
        "measures": ["advice"],
    }
    began = time.perf_counter()
    while True:
        token = json.loads(person.browser.ask("/report/token").body)["token"]
        answer = person.browser.send_json("/report/send", token, content, expect=(200, 503))
        if answer.status == 200:
            break
        person.tally.waited += 1
        time.sleep(1)
    person.timed("report", began)
    person.tally.reports.append(number)


def decide_place(person: Person) -> None:
    """Place what waits first with a pin, or leave it where somebody was quicker."""
    page = person.browser.ask("/waiting?lang=en").text
    try:
        fields = read_form(page, "/waiting/decide")
    except AnswerError:
        return  # nothing waits
    pin = {
        "choice": "pin",
        "lon": f"{17.2046 + person.chance.uniform(-0.005, 0.005):.5f}",
        "lat": f"{50.2294 + person.chance.uniform(-0.003, 0.003):.5f}",
        "action": "place",
    }
    began = time.perf_counter()
    sent = fields | pin
    answer = person.browser.send_form("/waiting/decide?lang=en", sent, expect=(303, 409))
    if answer.status == 409:
        person.tally.waited += 1
        return
    person.timed("decision", began)
    done = re.search(r"done=(\d+)", answer.location)
    if done is None:
        raise AnswerError(f"a decision without a number: {answer.location}")
    person.tally.decided.append(int(done[1]))


def import_file(person: Person) -> None:
    """Bring a small file in by the wizard, and wait for its import to end."""
    mark = secrets.token_hex(4)
    day = datetime(2025, 1, 1) + timedelta(days=person.chance.randrange(300))  # noqa: DTZ001
    names = [f"{mark}-{n:02d}" for n in range(ROWS)]
    rows = [
        f"{name};{day + timedelta(hours=n):%d.%m.%Y %H:%M};"
        f"{-543_450 + person.chance.uniform(-900, 900):.1f};"
        f"{-1_050_790 + person.chance.uniform(-600, 600):.1f};public_order"
        for n, name in enumerate(names)
    ]
    content = "\n".join(["Číslo;Datum a čas;X;Y;Druh", *rows, ""])
    began = time.perf_counter()
    browser = person.browser
    token = read_form(browser.ask("/import?lang=en").text, "/import")["csrf_token"]
    page_of_file = browser.send_file("/import?lang=en", token, f"{mark}.csv", content).location
    page = browser.ask(page_of_file).text
    fields = read_form(page, page_of_file.partition("?")[0])
    source = "load-test"
    if source in read_options(page, "source"):
        fields |= {"source": source, "new_source": ""}
    else:
        fields |= {"new_source": source, "label": "Load test"}
    while True:
        answer = browser.send_form(page_of_file, fields | {"do": "import"}, expect=(303, 409))
        if answer.status == 303:
            break
        person.tally.waited += 1  # another import is running: its page says so
        time.sleep(0.5)
    job = answer.location.partition("?")[0]
    while True:
        state = json.loads(browser.ask(f"{job}.json").body)
        if state["state"] != "running":
            break
        if time.perf_counter() - began > IMPORT_S:
            raise AnswerError(f"{job} is still running")
        time.sleep(0.7)  # as the page of a job asks
    if state["state"] != "done":
        raise AnswerError(f"{job}: {state['state']} {state['text']}")
    person.timed("import", began)
    person.tally.rows += names


WRITERS: tuple[tuple[str, Callable[[Person], None]], ...] = (
    ("assistant", send_report),
    ("assistant", send_report),
    ("mentor", decide_place),
    ("administrator", import_file),
    ("administrator", import_file),
)


# --- the run -----------------------------------------------------------------------------------
def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def start_server(workspace: Workspace, port: int, log: Path) -> "subprocess.Popen[bytes]":
    """Start `hotspots serve` and wait until it answers."""
    command = [sys.executable, "-m", "hotspots", "--workspace", str(workspace.path), "serve"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--port", str(port), "--no-browser"], stdout=out, stderr=out
        )
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            Browser(port, "127.0.0.1").ask("/sign-in")
        except OSError:
            time.sleep(0.2)
        else:
            return server
    server.terminate()
    raise SystemExit(f"the server does not start: {log.read_text('utf-8', 'replace')[-2000:]}")


def cpu_s(process: "subprocess.Popen[bytes]") -> float:
    """Return the processor time that a process has used, from /proc."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_accounts(workspace: Workspace, roles: list[str]) -> tuple[list[str], str]:
    """Add one account for each of `roles`; return their names and the password."""
    password = f"benchmark-{secrets.token_hex(8)}"
    names = []
    with Accounts.open(workspace) as accounts:
        for number, role in enumerate(roles):
            name = f"{role}-{number:03d}"
            token = accounts.add_user(name, display_name=name, role=role, by=None)
            accounts.use_link(token, password=password)
            names.append(name)
    return names, password


def run_phase(
    people: list[tuple[Person, Callable[[Person], None]]], stop: threading.Event, seconds: float
) -> Tally:
    """Let people live for `seconds`; return what they saw, what they had begun included."""
    threads = [threading.Thread(target=person.live, args=(act,)) for person, act in people]
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    total = Tally()
    for person, _act in people:
        total.add(person.tally)
    return total


def find_lost(workspace: Workspace, seen: Tally) -> list[str]:
    """Return the writes that were answered as done and are not in the store."""
    with Store.open(workspace) as store:
        kept = store.read_incidents(columns=(schema.INCIDENT_ID, schema.SOURCE_REF))
        decided = {one.decision_key for one in store.decisions(limit=len(seen.decided) + 1_000)}
    if not kept[schema.INCIDENT_ID].is_unique:
        raise SystemExit("the store holds an incident twice")
    there = set(kept[schema.SOURCE_REF])
    lost = [name for name in (*seen.reports, *seen.rows) if name not in there]
    return lost + [f"decision {key}" for key in seen.decided if key not in decided]


def percentile(values: list[float], share: float) -> float:
    """Return a percentile, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(-(-share * len(ordered) // 1)) - 1))]


def say(what: str, values: list[float]) -> None:
    """Print how long something took."""
    if not values:
        print(f"{what:34} none")
        return
    p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
    print(f"{what:34} n {len(values):5}   p50 {p50 * 1000:6.0f} ms   p95 {p95 * 1000:6.0f} ms")


def read_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--seconds", type=float, default=120, help="how long all work at once [120]")
    add("--alone", type=float, default=30, help="how long one reader is measured alone [30]")
    add("--readers", type=int, default=50, help="signed-in readers, 1 to 200 [50]")
    add("--writers", type=int, default=5, help="writers, reports, places and imports in turn [5]")
    add("--think", type=float, default=10, help="mean pause of a reader between changes [10 s]")
    add("--write-every", type=float, default=10, help="mean pause of a writer [10 s]")
    add("--seed", type=int, default=1, help="of everything drawn [1]")
    arguments = parser.parse_args()
    if not 1 <= arguments.readers <= 200 or not 0 <= arguments.writers <= 50:
        parser.error("--readers takes 1 to 200, --writers 0 to 50")
    return arguments


def main() -> int:
    """Serve, measure, count, print."""
    asked = read_arguments()
    with tempfile.TemporaryDirectory(prefix="hotspots-load-") as directory:
        workspace = make_demo_workspace(Path(directory) / "workspace")
        with Store.open(workspace) as store:
            sources = [source.source_id for source in store.sources()]
        writing = [WRITERS[n % len(WRITERS)] for n in range(asked.writers)]
        roles = ["commander"] * asked.readers + [role for role, _act in writing]
        names, password = make_accounts(workspace, roles)
        port = free_port()
        log = Path(directory) / "server.log"
        server = start_server(workspace, port, log)
        try:
            browsers = []
            for number, name in enumerate(names):
                browsers.append(Browser(port, f"127.0.1.{number + 1}"))
                browsers[-1].sign_in(name, password)
            print(f"{len(names)} people are signed in; {asked.alone:.0f} s for one alone")
            stop = threading.Event()
            lonely = Person(browsers[0], random.Random(asked.seed), stop, 0.2)
            lonely_changes = make_reader(sources)
            before = cpu_s(server)
            alone = run_phase([(lonely, lonely_changes)], stop, asked.alone)
            alone.cpu_s = cpu_s(server) - before
            stop = threading.Event()
            acts = [make_reader(sources)] * asked.readers + [act for _role, act in writing]
            people = []
            for number, (browser, act) in enumerate(zip(browsers, acts, strict=True)):
                pause = asked.think if number < asked.readers else asked.write_every
                chance = random.Random(asked.seed * 1000 + number)
                people.append((Person(browser, chance, stop, pause), act))
            print(
                f"{asked.readers} readers (a change every {asked.think:g} s each) and "
                f"{asked.writers} writers (every {asked.write_every:g} s) for {asked.seconds:.0f} s"
            )
            before, began = cpu_s(server), time.perf_counter()
            together = run_phase(people, stop, asked.seconds)
            together.cpu_s = cpu_s(server) - before
            took_s = time.perf_counter() - began
        finally:
            server.terminate()
            server.wait(timeout=30)
        lost = find_lost(workspace, together)
        faults = log.read_text("utf-8", "replace").count("Traceback")
    busy = together.cpu_s / took_s
    print(f"the server used {busy:.0%} of one processor while all worked")
    return report(alone, together, lost, faults)


def report(alone: Tally, together: Tally, lost: list[str], faults: int) -> int:
    """Print what was seen; return the exit code."""
    say("a change of filters, one alone", alone.changes_s)
    say("a change of filters, together", together.changes_s)
    for what, taken in sorted(together.writes_s.items()):
        say(f"{what}, together", taken)
    n_writes = len(together.reports) + len(together.rows) + len(together.decided)
    print(
        f"written: {len(together.reports)} reports, {len(together.decided)} places, "
        f"{len(together.rows)} rows of {len(together.writes_s.get('import', []))} files; "
        f"asked to come again: {together.waited}"
    )
    for name, seen in (("alone", alone), ("together, writes included", together)):
        each = 1000 * seen.cpu_s / max(1, len(seen.changes_s))
        print(f"processor time of the server for a change, {name}: {each:.0f} ms")
    errors = alone.errors + together.errors
    for error in errors[:10]:
        print(f"  error: {error}")
    for one in lost[:10]:
        print(f"  lost: {one}")
    print(f"errors {len(errors)}, faults in the log {faults}, lost {len(lost)} of {n_writes}")
    if not alone.changes_s or not together.changes_s:
        return 1
    ratios = [
        percentile(together.changes_s, p) / percentile(alone.changes_s, p) for p in (0.5, 0.95)
    ]
    strict = percentile(together.changes_s, 0.95) / percentile(alone.changes_s, 0.5)
    print(
        f"together / alone: p50 {ratios[0]:.2f}, p95 {ratios[1]:.2f} (goal below {GOAL:g}); "
        f"p95 together / p50 alone {strict:.2f}"
    )
    return 0 if not errors and not faults and not lost and ratios[1] < GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
