"""Who runs the program, as far as the system says."""

import getpass


def current_user() -> str:
    """Return the name of the user who runs the program, the empty text where there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a service account without a name
        return ""
