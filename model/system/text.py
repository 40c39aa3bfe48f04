"""Text files as people's programs save them: UTF-8 with or without a mark, and UTF-16."""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16, whose mark is the beginning of this one.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(data: bytes) -> tuple[str, int]:
    """Return the encoding that the first bytes of a text tell, and the length of its mark; UTF-8 where they tell none.

    Without a mark UTF-16 is known by its zero bytes: every second byte of Latin letters, and no byte of UTF-8.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name, len(mark)
    sample = data[: 2**16]
    sample = sample[: len(sample) // 2 * 2]
    if len(sample) >= 8 and len(data) % 2 == 0:
        first, second = sample[::2].count(0), sample[1::2].count(0)
        name = "utf-16-le" if second else "utf-16-be"
        # Names of one letter that zero bytes part look alike; they hold neither a dot nor a line's end.
        if max(first, second) > len(sample) / 4 and not min(first, second):
            text = sample.decode(name, errors="replace")
            if "\n" in text or "." in text:
                return name, 0
    return "utf-8", 0


def decoded(data: bytes) -> str:
    """Return a text in UTF-8, UTF-16 or UTF-32 without its mark. Raises UnicodeDecodeError for any other."""
    name, mark = encoding_of(data)
    return data[mark:].decode(name)
