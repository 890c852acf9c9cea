"""What commands add to the audit record: changes, files written, texts shown."""

from urllib.parse import urlencode

from hotspots.accounts import SYSTEM, Accounts
from hotspots.cli.common import say
from hotspots.errors import HotspotsError
from hotspots.i18n import _
from hotspots.selection import WEEKDAYS, Selection
from hotspots.settings import Workspace
from hotspots.users import current_user


def record(workspace: Workspace, action: str, subject: str = "", **details: object) -> bool:
    """Add a line in the name of whoever runs the program; return whether it could be added.

    A workspace that cannot be written, such as a copy on a read-only disk, can still be read: then
    a warning says that there is no line.
    """
    try:
        with Accounts.open(workspace) as accounts:
            accounts.record(
                action, user_name=current_user(), role=SYSTEM, subject=subject, details=details
            )
    except (HotspotsError, OSError) as error:
        say(
            _("This could not be put into the audit record: {reason}").format(reason=error),
            error=True,
        )
        return False
    return True


def query_of(selection: Selection) -> str:
    """Return a question as pages write it into their addresses."""
    pairs = [("by", selection.by), ("every", selection.every)]
    if selection.span is not None:
        pairs += [("from", str(selection.span.start)), ("to", str(selection.span.end))]
    pairs += [
        (name, ",".join(values))
        for name, values in (
            ("offence", selection.offences),
            ("source", selection.sources),
            ("weekday", [WEEKDAYS[day] for day in selection.weekdays]),
        )
        if values
    ]
    if selection.hours is not None:
        pairs.append(("hours", f"{selection.hours[0]}-{selection.hours[1]}"))
    if selection.with_consequence:
        pairs.append(("consequence", "1"))
    if selection.exact_only:
        pairs.append(("exact", "1"))
    return urlencode(pairs, safe=",")
