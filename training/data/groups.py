"""Groups that share a photo are one group."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def join_groups(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the joined group of every group: those that are linked, directly or not, get the first name in order."""
    pairs = list(links)
    names = sorted({name for pair in pairs for name in pair})
    if not names:
        return {}
    index = {name: number for number, name in enumerate(names)}
    ends = np.array([[index[one], index[other]] for one, other in pairs]).T
    graph = coo_array((np.ones(len(pairs), dtype=np.int8), (ends[0], ends[1])), shape=(len(names), len(names)))
    count, component = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for name in names:
        first.setdefault(int(component[index[name]]), name)
    assert len(first) == count
    return {name: first[int(component[index[name]])] for name in names}
