"""Write docs/access.md: who may see and do what, printed from the table in web/access.py."""

from pathlib import Path

from hotspots.accounts.roles import ROLES, role_label
from hotspots.i18n import use_language
from web.access import HOME, RIGHTS, ROUTES, Right, right_label

PAGE = Path(__file__).resolve().parents[1] / "docs" / "access.md"
INTRODUCTION = """\
# Who may see and do what

Printed from the table in `web/access.py` by `python scripts/write_access.py`; a test compares.

Every route has an entry in the table, or the server does not start. Whoever is not signed in gets
only what needs no right: the sign-in page, one-time links, static files, the health answer, and
the empty parts of the report form that a phone keeps. A page asked for without being signed in
leads to the sign-in page (303), a form or JSON is answered 401; a role without the right gets 403.
From which machine somebody asks makes no difference.

The demonstration (`hotspots demo`, made-up incidents) has no accounts: whoever sits at that
machine may do everything and can see it as any role; everybody else gets nothing.

Beyond the table:

- A job's page and state are given to who started it, and to who may do its like: imports to who
  may import, layers to who may change layers. Others get 404, as for a job that never was.
- A report is taken back by who wrote it.
- Nobody closes their own account or changes their own role; the last administrator stays.
"""


def access_page() -> str:
    """Return the page."""
    with use_language("en"):
        parts = [INTRODUCTION, "\n## Rights of the roles\n\n", _rights(), "\n## Routes\n\n"]
        return "".join([*parts, _routes()])


def _rights() -> str:
    rights = [right for right in Right if right is not Right.ANYONE]
    rows = [["right", "allows", *(role_label(role) for role in ROLES)]]
    rows += [
        [
            f"`{right.value}`",
            right_label(right),
            *("yes" if right in RIGHTS[role] else "–" for role in ROLES),
        ]
        for right in rights
    ]
    rows.append(["", "first page", *(f"`{HOME[role]}`" for role in ROLES)])
    return _table(rows)


def _routes() -> str:
    rows = [["route", "right", *(role_label(role) for role in ROLES), "not signed in"]]
    for endpoint, right in sorted(ROUTES.items()):
        given = ["yes" if right in RIGHTS[role] else "–" for role in ROLES]
        everyone = "yes" if right is Right.ANYONE else "–"
        rows.append([f"`{endpoint}`", f"`{right.value}`", *given, everyone])
    return _table(rows)


def _table(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, f"|{' --- |' * len(rows[0])}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(access_page(), encoding="utf-8")
