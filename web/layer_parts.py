"""What the pages about layers share: answers that nobody keeps, and problems in groups."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Response, make_response

from hotspots.i18n import _
from hotspots.layers.checks.problems import ERROR, SEVERITIES, WARNING, Problem
from web import texts
from web.layer_facts import layer_label
from web.page_words import page_words

ProblemLine = tuple[str, str, str]


@dataclass(frozen=True)
class ProblemGroup:
    """Problems of one severity: what is wrong, and how to mend it."""

    severity: str
    heading: str
    lines: tuple[tuple[str, str], ...]


def no_store(page: str) -> Response:
    """Return a page that nobody keeps: it may hold a form's token."""
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def problem_line(problem: Problem) -> ProblemLine:
    """Return severity, what is wrong with which layer, and the cure, each a sentence.

    The cure speaks of forms where the library speaks of commands.
    """
    text = problem.text
    if problem.layer:
        text = f"{layer_label(problem.layer)}: {text}"
    return problem.severity, texts.sentence(text), texts.sentence(page_words(problem.cure))


def group_problems(lines: Iterable[ProblemLine]) -> list[ProblemGroup]:
    """Return the problems by severity, worst first, without severities that do not occur."""
    known = list(lines)
    groups = []
    for severity in SEVERITIES:
        found = tuple((text, cure) for its, text, cure in known if its == severity)
        if found:
            heading = f"{_severity_label(severity)} ({len(found)})"
            groups.append(ProblemGroup(severity, heading, found))
    return groups


def _severity_label(severity: str) -> str:
    if severity == ERROR:
        return _("Errors")
    return _("Warnings") if severity == WARNING else _("Notes")
