"""What an import does to its source's periods of record: union, inference, proposal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.i18n import _, format_number, ngettext
from hotspots.ingest.account import CONFIRMED, INFERRED, NO_RECORD, STATED, list_spans
from hotspots.periods import Span, day_number, merge_spans
from hotspots.record_inference import detectable_gap_days, infer_record
from hotspots.store.record_steps import FOREIGN, SILENT, STATES, RecordStep

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Recording:
    """Periods of record of a source after an import.

    Attributes
    ----------
    confirmed, inferred
        Spans vouched for by a person, and spans inferred from the data and not confirmed.
    state
        Where they come from now: stated, confirmed, inferred or none.
    warnings
        Sentences for a reader.
    kind, stated
        What the import did, as the store notes it: see `hotspots.store.record_steps`.
    proposed
        Spans that would cover the file too, where a confirmed record was left as it was.
    """

    confirmed: tuple[Span, ...]
    inferred: tuple[Span, ...]
    state: str
    warnings: tuple[str, ...] = ()
    kind: str = SILENT
    stated: tuple[Span, ...] = ()
    proposed: tuple[Span, ...] = ()

    @property
    def record(self) -> tuple[Span, ...]:
        """All days covered."""
        return merge_spans([*self.confirmed, *self.inferred])


def state_record(stated: tuple[Span, ...], *, former: Recording, file_days: IntArray) -> Recording:
    """Return the record when the user, the mapping or the file states what the file covers.

    Stated days join those confirmed before. Days inferred before stay, unconfirmed, unless they
    are now covered.

    Parameters
    ----------
    stated
        Spans the file covers.
    former
        Record before the import.
    file_days
        Shape (n,): day numbers of the file's incidents.
    """
    confirmed = merge_spans([*former.confirmed, *stated])
    inferred = tuple(span for span in former.inferred if not _covers(confirmed, span))
    record = merge_spans([*confirmed, *inferred])
    warnings = []
    n_off = int((~_within(file_days, record)).sum())
    if n_off:
        warnings.append(
            ngettext(
                "{n} incident of the file lies outside the stated periods of record; it is kept "
                "but not counted on days without record.",
                "{n} incidents of the file lie outside the stated periods of record; they are "
                "kept but not counted on days without record.",
                n_off,
            ).format(n=format_number(n_off))
        )
    if inferred:
        warnings.append(
            _(
                "Periods inferred from earlier files are still to be checked and confirmed: {spans}"
            ).format(spans=list_spans(inferred))
        )
    return Recording(confirmed, inferred, STATED, tuple(warnings), STATES, stated)


def ignore_silence(*, former: Recording, file: str, stated: str, own: str) -> Recording:
    """Return the record after a file of another municipality: as it was.

    Such a file holds nothing of the study area, so its silence there says nothing.

    Parameters
    ----------
    former
        Record before the import.
    file, stated
        Name of the file and the municipality (ZÚJ) that it states.
    own
        Municipality of the workspace.
    """
    state = INFERRED if former.inferred else CONFIRMED if former.confirmed else NO_RECORD
    if stated == own:
        text = _(
            "{file} is of municipality {stated}, and so is this workspace ({own}), but every "
            "placed incident lies outside the study area; so the file states no period of record "
            "here. Check the setting municipality in settings.toml and the workspace's layers; if "
            "both are right, state the days that the source covers"
        )
    else:
        text = _(
            "{file} is of municipality {stated}, but this workspace is of {own}; its incidents "
            "are kept, but it states no period of record here, since it says nothing about {own}. "
            "Import the file of municipality {own}, or set municipality in settings.toml if the "
            "workspace is of {stated}"
        )
    text = text.format(file=file, stated=stated, own=own)
    return Recording(former.confirmed, former.inferred, state, (text,), FOREIGN)


def keep_record(*, former: Recording, file_days: IntArray) -> Recording:
    """Return a confirmed record unchanged; where the file goes beyond it, propose more.

    Parameters are those of `state_record`.
    """
    beyond = file_days[~_within(file_days, former.confirmed)]
    if not len(beyond):
        return Recording(former.confirmed, (), CONFIRMED)
    proposed = merge_spans([*former.confirmed, *infer_record(file_days)])
    warning = ngettext(
        "{n} incident of the file lies outside the confirmed periods of record, which were left "
        "as they are. If the source does cover its day, set them to: {spans}",
        "{n} incidents of the file lie outside the confirmed periods of record, which were left "
        "as they are. If the source does cover their days, set them to: {spans}",
        len(beyond),
    ).format(n=format_number(len(beyond)), spans=list_spans(proposed))
    return Recording(former.confirmed, (), CONFIRMED, (warning,), proposed=proposed)


def renew_inference(*, former: Recording, all_days: IntArray) -> Recording:
    """Return the record inferred anew from every day of the source, confirmed spans kept.

    More data show gaps that fewer could not, so inferred spans are replaced, not joined.

    Parameters
    ----------
    former
        Record before the import.
    all_days
        Shape (n,): day numbers of all incidents of the source.
    """
    inferred = tuple(span for span in infer_record(all_days) if not _covers(former.confirmed, span))
    if not inferred:
        return Recording(former.confirmed, (), CONFIRMED if former.confirmed else NO_RECORD)
    warnings = []
    if inferred != former.inferred:
        warnings.append(
            _("The periods of record were inferred from the data: check and confirm them.")
        )
        shortest = detectable_gap_days(all_days)
        if shortest is None:
            warnings.append(_("All incidents are of one day: no gap in the record can be told."))
        else:
            warnings.append(
                ngettext(
                    "A gap in the record shorter than {n} day cannot be told from chance.",
                    "A gap in the record shorter than {n} days cannot be told from chance.",
                    shortest,
                ).format(n=format_number(shortest))
            )
    return Recording(former.confirmed, inferred, INFERRED, tuple(warnings))


def retell_record(
    steps: Sequence[tuple[int, bool, RecordStep | None]],
    *,
    days_after: Callable[[int], IntArray],
) -> Recording | None:
    """Return the record as the imports that hold, and what persons set between them, make it.

    Parameters
    ----------
    steps
        Every import of the source in order: its number, whether it holds, what it did.
    days_after
        Returns the day numbers of all incidents of the source as they were after an import.

    Returns
    -------
    recording
        None where an import that holds did not note what it did, so that nobody can tell.
    """
    told = Recording((), (), NO_RECORD)
    renewed_at: int | None = None  # an inference that the next one may make needless
    for number, (batch_id, holds, step) in enumerate(steps):
        if step is None:
            if holds and any(later is not None for _b, _h, later in steps[number + 1 :]):
                continue  # the next one that noted anything says what was before it
            if holds:
                return None
            continue
        if number and steps[number - 1][2] is None:
            told, renewed_at = Recording(*step.before, NO_RECORD), None
        if holds and step.kind == STATES:
            told, renewed_at = _renew(told, renewed_at, days_after), None
            told = state_record(
                step.stated,
                former=told,
                file_days=np.empty(0, dtype=np.int64),
            )
        elif holds and step.kind == SILENT:
            if told.confirmed:
                told, renewed_at = _renew(told, renewed_at, days_after), None
            if not (told.confirmed and not told.inferred):
                renewed_at = batch_id
        if step.set_after is not None:
            told, renewed_at = Recording(*step.set_after, NO_RECORD), None
    return _renew(told, renewed_at, days_after)


def _renew(told: Recording, at: int | None, days_after: Callable[[int], IntArray]) -> Recording:
    if at is None:
        return told
    return renew_inference(former=told, all_days=days_after(at))


def _covers(spans: tuple[Span, ...], part: Span) -> bool:
    return any(span.start <= part.start and part.end <= span.end for span in spans)


def _within(days: IntArray, spans: tuple[Span, ...]) -> npt.NDArray[np.bool_]:
    within = np.zeros(len(days), dtype=bool)
    for span in spans:
        within |= (days >= day_number(span.start)) & (days <= day_number(span.end))
    return within
