"""What commands add to the audit record: changes, files written, texts shown."""

from hotspots.accounts import SYSTEM, Accounts
from hotspots.cli.common import say
from hotspots.errors import HotspotsError
from hotspots.i18n import _
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
