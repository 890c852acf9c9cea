"""People who use the pages: accounts, roles, sign-ins, and the record of what was done."""

from hotspots.accounts.accounts import Accounts
from hotspots.accounts.audit import AuditEntry
from hotspots.accounts.base import SYSTEM
from hotspots.accounts.roles import ROLES, role_label
from hotspots.accounts.sign_ins import SignIn
from hotspots.accounts.signing_in import SignInRefusedError
from hotspots.accounts.users import User

__all__ = [
    "ROLES",
    "SYSTEM",
    "Accounts",
    "AuditEntry",
    "SignIn",
    "SignInRefusedError",
    "User",
    "role_label",
]
