"""Which incidents are one event: the connected components of links that a person confirmed."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots import schema

IntArray = npt.NDArray[np.int64]


def event_ids(incident_ids: pd.Series, links: pd.DataFrame) -> IntArray:
    """Return a number for every incident; those of one event share it.

    Parameters
    ----------
    incident_ids
        k incident ids, each once. Not modified.
    links
        Pairs with `incident_a` and `incident_b` that are one event. Where it has `link_state`,
        only confirmed ones count. A pair may name incidents that are not among `incident_ids`:
        two incidents linked to the same third are one event, though the third is not asked for.

    Returns
    -------
    events
        Shape (k,): the position of the first incident of the event among `incident_ids`; for an
        incident without links its own.
    """
    events = np.arange(len(incident_ids), dtype=np.int64)
    if schema.LINK_STATE in links:
        links = links[links[schema.LINK_STATE] == schema.CONFIRMED_LINK]
    if links.empty or not len(events):
        return events
    linked, component = _components(
        links[schema.INCIDENT_A].tolist(), links[schema.INCIDENT_B].tolist()
    )
    found = pc.index_in(
        pa.array(incident_ids, pa.large_string(), from_pandas=True),
        value_set=pa.array(linked, pa.large_string()),
    )
    positions = np.flatnonzero(np.asarray(pc.is_valid(found)))
    number = component[np.asarray(found.drop_null(), dtype=np.int64)]
    first = np.full(len(linked), len(events), dtype=np.int64)
    np.minimum.at(first, number, positions)
    events[positions] = first[number]
    return events


def _components(ones: list[str], twos: list[str]) -> tuple[list[str], IntArray]:
    """Return every incident of a link, and the number of its component."""
    number: dict[str, int] = {}
    for name in (*ones, *twos):
        number.setdefault(name, len(number))
    parent = list(range(len(number)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for one, two in zip(ones, twos, strict=True):
        a, b = root(number[one]), root(number[two])
        parent[max(a, b)] = min(a, b)
    return list(number), np.array([root(item) for item in range(len(parent))], dtype=np.int64)
