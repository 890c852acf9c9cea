"""The five roles of people who sign in."""

from typing import Final

from hotspots.errors import ParameterError
from hotspots.i18n import LANGUAGES, _, use_language

ADMINISTRATOR: Final = "administrator"
COMMANDER: Final = "commander"
MENTOR: Final = "mentor"
ASSISTANT: Final = "assistant"
COUNCIL: Final = "council"
ROLES: Final = (ADMINISTRATOR, COMMANDER, MENTOR, ASSISTANT, COUNCIL)


def role_label(role: str) -> str:
    """Return what a role is called."""
    return {
        ADMINISTRATOR: _("administrator"),
        COMMANDER: _("commander"),
        MENTOR: _("mentor"),
        ASSISTANT: _("assistant"),
        COUNCIL: _("council viewer"),
    }[role]


def words_of_others(role: str) -> frozenset[str]:
    """Return what roles other than `role` are called in every language, folded."""
    found = set()
    for language in LANGUAGES:
        with use_language(language):
            found |= {word.casefold() for r in ROLES if r != role for word in (r, role_label(r))}
    return frozenset(found)


def check_role(role: str) -> str:
    """Return `role`.

    Raises
    ------
    ParameterError
        There is no such role.
    """
    if role not in ROLES:
        raise ParameterError(
            _("role '{role}' is unknown; choose from: {known}").format(
                role=role[:40], known=", ".join(ROLES)
            )
        )
    return role
