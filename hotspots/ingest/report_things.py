"""What an assistant can report with one tap: things by offence group, and measures taken."""

from dataclasses import dataclass
from typing import Final

from hotspots import offences
from hotspots.i18n import _

OTHER: Final = "other"  # a thing in the assistant's own words
NO_MEASURE: Final = "none"


@dataclass(frozen=True)
class Thing:
    """One thing that assistants see.

    Attributes
    ----------
    code
        Short name; it stands in the incident's offence codes.
    group
        One of `offences.OFFENCE_GROUPS`.
    """

    code: str
    group: str


# In the order of the page. § 5, § 7, § 8 and § 4 of law 251/2016 Sb.; then what is no such offence.
THINGS: Final = (
    Thing("night_noise", offences.PUBLIC_ORDER),
    Thing("public_outrage", offences.PUBLIC_ORDER),
    Thing("soiling", offences.PUBLIC_ORDER),
    Thing("dumping", offences.PUBLIC_ORDER),
    Thing("quarrel", offences.COEXISTENCE),
    Thing("insult", offences.COEXISTENCE),
    Thing("threat", offences.COEXISTENCE),
    Thing("harassment", offences.COEXISTENCE),
    Thing("drunk_person", offences.ALCOHOL_DRUGS),
    Thing("drug_use", offences.ALCOHOL_DRUGS),
    Thing("minor_alcohol", offences.ALCOHOL_DRUGS),
    Thing("damage", offences.PROPERTY),
    Thing("graffiti", offences.PROPERTY),
    Thing("petty_theft", offences.PROPERTY),
    Thing("drinking_ban", offences.ORDINANCE),
    Thing("loose_dog", offences.ORDINANCE),
    Thing("begging", offences.ORDINANCE),
    Thing("fight", offences.VIOLENCE),
    Thing("assault", offences.VIOLENCE),
    Thing("parking", offences.TRAFFIC),
    Thing("reckless_riding", offences.TRAFFIC),
    Thing("needle", offences.OBSERVATION),
    Thing("rubbish", offences.OBSERVATION),
    Thing("broken_light", offences.OBSERVATION),
    Thing("person_in_need", offences.OBSERVATION),
    Thing("rough_sleeper", offences.OBSERVATION),
    Thing("truancy", offences.OBSERVATION),
    Thing("gathering", offences.OBSERVATION),
)
GROUPS: Final = tuple(dict.fromkeys(thing.group for thing in THINGS))
MEASURES: Final = (
    NO_MEASURE,
    "advice",
    "calmed",
    "police",
    "ambulance",
    "services",
    "cleaned",
    "social_work",
)
_BY_CODE: Final = {thing.code: thing for thing in THINGS}


def thing_of(code: str) -> Thing | None:
    """Return the thing of a code, None where there is none."""
    return _BY_CODE.get(code)


def group_words(group: str) -> str:
    """Return what a group of things is called on the form, in the language in force."""
    return {
        offences.PUBLIC_ORDER: _("Noise and disorder"),
        offences.COEXISTENCE: _("Quarrels between people"),
        offences.ALCOHOL_DRUGS: _("Alcohol and drugs"),
        offences.PROPERTY: _("Damage and theft"),
        offences.ORDINANCE: _("Town ordinances"),
        offences.VIOLENCE: _("Fights and assaults"),
        offences.TRAFFIC: _("Traffic"),
        offences.OBSERVATION: _("Finds and help"),
    }[group]


def thing_words(code: str) -> str:
    """Return what a thing is called, in the language in force."""
    return {
        "night_noise": _("Noise at night"),
        "public_outrage": _("Indecent or rude behaviour"),
        "soiling": _("Soiling a public place"),
        "dumping": _("Waste dumped"),
        "quarrel": _("Quarrel of neighbours"),
        "insult": _("Insults"),
        "threat": _("Threats"),
        "harassment": _("Pestering or shoving"),
        "drunk_person": _("Drunk person"),
        "drug_use": _("Drug use or dealing"),
        "minor_alcohol": _("Alcohol or tobacco with minors"),
        "damage": _("Damaged property"),
        "graffiti": _("Graffiti"),
        "petty_theft": _("Theft"),
        "drinking_ban": _("Drinking where it is banned"),
        "loose_dog": _("Dog without a lead"),
        "begging": _("Begging"),
        "fight": _("Fight"),
        "assault": _("Assault"),
        "parking": _("Wrong parking"),
        "reckless_riding": _("Dangerous driving or riding"),
        "needle": _("Discarded syringe"),
        "rubbish": _("Rubbish lying about"),
        "broken_light": _("Broken light or equipment"),
        "person_in_need": _("Person who needs help"),
        "rough_sleeper": _("Person sleeping outdoors"),
        "truancy": _("Child out of school"),
        "gathering": _("Tense gathering"),
    }[code]


def measure_words(code: str) -> str:
    """Return what a measure is called, in the language in force."""
    return {
        NO_MEASURE: _("None"),
        "advice": _("Advice given"),
        "calmed": _("Calmed down"),
        "police": _("Handed to police"),
        "ambulance": _("Ambulance called"),
        "services": _("Reported to services"),
        "cleaned": _("Cleaned up"),
        "social_work": _("Handed to social workers"),
    }[code]


def discovered_words(code: str) -> str:
    """Return how something was discovered, as the form says it, in the language in force."""
    return {
        "patrol": _("I saw it myself"),
        "reported": _("Somebody told me"),
        "camera": _("A camera showed it"),
        "unknown": _("Not stated"),
    }[code]
