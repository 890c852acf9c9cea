"""Offence groups of the project, in the order pages show them."""

from typing import Final

from hotspots.errors import ParameterError
from hotspots.i18n import _

PUBLIC_ORDER: Final = "public_order"
COEXISTENCE: Final = "coexistence"
ORDINANCE: Final = "ordinance"
PROPERTY: Final = "property"
ALCOHOL_DRUGS: Final = "alcohol_drugs"
VIOLENCE: Final = "violence"
BURGLARY: Final = "burglary"
THEFT: Final = "theft"
TRAFFIC: Final = "traffic"
ACCIDENT: Final = "accident"
OTHER_OFFENCE: Final = "other_offence"
OBSERVATION: Final = "observation"  # what assistants report that is no offence

OFFENCE_GROUPS: Final = (
    PUBLIC_ORDER,
    COEXISTENCE,
    ORDINANCE,
    PROPERTY,
    ALCOHOL_DRUGS,
    VIOLENCE,
    BURGLARY,
    THEFT,
    TRAFFIC,
    ACCIDENT,
    OTHER_OFFENCE,
    OBSERVATION,
)
# Goal 1 of the programme: law 251/2016 Sb., § 5 and § 7; always shown apart as well as together.
GOAL_GROUPS: Final = (PUBLIC_ORDER, COEXISTENCE)


def offence_label(group: str) -> str:
    """Return the group's name for a reader, in the language in force."""
    labels = {
        PUBLIC_ORDER: _("Public order"),
        COEXISTENCE: _("Civic coexistence"),
        ORDINANCE: _("Municipal ordinances"),
        PROPERTY: _("Property"),
        ALCOHOL_DRUGS: _("Alcohol and drugs"),
        VIOLENCE: _("Violence"),
        BURGLARY: _("Burglary"),
        THEFT: _("Theft"),
        TRAFFIC: _("Road traffic offences"),
        ACCIDENT: _("Road accidents"),
        OTHER_OFFENCE: _("Other offences"),
        OBSERVATION: _("Assistants' observations"),
    }
    return labels[group]


def parse_offences(text: str) -> tuple[str, ...]:
    """Return the groups named in `text`, separated by commas, in page order, each once.

    Raises
    ------
    ParameterError
        A name is no offence group.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in OFFENCE_GROUPS:
            raise ParameterError(
                _("offence '{name}' is unknown; choose from: {known}").format(
                    name=name, known=", ".join(OFFENCE_GROUPS)
                )
            )
    return tuple(group for group in OFFENCE_GROUPS if group in names)
