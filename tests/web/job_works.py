"""Works of jobs that run in another process, in a module that loads quickly there."""

import os
import tempfile
import time

from hotspots.i18n import current_language
from web.jobs import Outcome

WAIT_S = 60.0
STEP_S = 0.02


def speak(report, tell):
    report("half way", 0.5)
    tell(pid=os.getpid())
    return Outcome(current_language(), lines=("one line",), leads_to="/batches/3")


def go_on_and_on(report, tell):
    tell(pid=os.getpid())
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        report("at work", 0.2)
        time.sleep(STEP_S)
    return Outcome("Done.")


def fail(kind, report, tell):
    tell(rows=3)
    raise kind("the secret of /srv/uploads/a.csv")


def say_what_cannot_be_sent(_report, tell):
    return Outcome("Done.", lines=(lambda: 1,))


def sleep_through(report, tell):
    with tempfile.TemporaryDirectory() as directory:
        tell(pid=os.getpid(), directory=directory)
        time.sleep(WAIT_S)
    return Outcome("Done.")
