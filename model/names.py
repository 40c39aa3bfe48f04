"""Names of files and folders that come from somebody else: from a card, a list, a store."""

from __future__ import annotations

import re

LONGEST = 200
"""Bytes; file systems take 255, and a name may be given an ending."""
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def is_plain_name(name: object) -> bool:
    """Return whether something names one file within a folder, on every system: no path, no device, no `..`."""
    return (
        isinstance(name, str)
        and 0 < len(name.encode("utf-8", "surrogatepass")) <= LONGEST
        and not _FORBIDDEN.search(name)
        and name.strip(". ") != ""
        and name[-1] not in ". "
        and name[0] != " "
        and not _DEVICES.fullmatch(name)
    )
