"""Templates of HTML: everything that is filled in is escaped, and what is missing is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app.views import markup


def environment(*, finalize: Callable[[Any], Any] | None = None, trim_blocks: bool = True) -> Environment:
    """Return what renders the templates beside this module, with filters for texts of `Words`.

    `finalize` is what jinja2 passes each value through, and `trim_blocks` takes out the line that a block ends.
    """
    made = Environment(
        loader=PackageLoader("app.views"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=trim_blocks,
    )
    made.filters |= {"paragraphs": _paragraphs, "items": _items}
    return made


def _paragraphs(text: str) -> Markup:
    return Markup(markup.paragraphs(text))  # noqa: S704  # Escaped there.


def _items(texts: tuple[str, ...]) -> Markup:
    return Markup(markup.items(texts))  # noqa: S704  # Escaped there.
