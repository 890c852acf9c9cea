"""What docs/audit.md promises of the audit record, for tests that do each act."""

import re
from dataclasses import dataclass
from pathlib import Path

from hotspots.accounts import Accounts

PAGE = Path(__file__).resolve().parents[1] / "docs" / "audit.md"
USUAL = {"what", "state"}


@dataclass(frozen=True)
class Promise:
    """The lines that one act leaves: their actions and states, what all are, the last's details."""

    actions: tuple[str, ...]
    what: str
    states: tuple[str, ...]
    details: frozenset[str]

    @property
    def n_lines(self):
        return max(len(self.actions), len(self.states))


def read_promises(heading):
    """Return the rows of the table below a heading, by act."""
    part = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    found = {}
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or cells[0] == "act" or set(cells[0]) <= {"-"}:
            continue
        act, actions, what, states, details = cells
        found[act.replace("`", "")] = Promise(
            tuple(actions.split(", ")),
            what,
            tuple(states.split(", ")) if states else (),
            frozenset(re.findall(r"`(\w+)`", details)),
        )
    return found


class Watch:
    """The audit record of a workspace, as it grows."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.mark()

    def lines(self):
        """Return all lines, the oldest first."""
        with Accounts.open(self.workspace) as accounts:
            return accounts.audit_entries(limit=100_000)[::-1]

    def mark(self):
        """Forget the lines until now."""
        self.seen = len(self.lines())

    def new(self):
        """Return the lines since the last mark."""
        return self.lines()[self.seen :]

    def check(self, promise, *, user_name, role):
        """Compare the lines since the last mark with what is promised; return them."""
        found = self.new()
        said = [(line.action, line.subject, dict(line.details)) for line in found]
        assert len(found) == promise.n_lines, said
        actions = promise.actions * (promise.n_lines // len(promise.actions))
        assert tuple(line.action for line in found) == actions
        assert tuple(line.details["state"] for line in found if "state" in line.details) == (
            promise.states
        )
        if len(set(actions)) == 1:
            assert {line.details.get("what", "") for line in found} == {promise.what}
        assert set(found[-1].details) - USUAL == promise.details
        assert {(line.user_name, line.role) for line in found} == {(user_name, role)}
        return found
