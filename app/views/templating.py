"""Templates of HTML: everything that is filled in is escaped, and what is missing is an error."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app.views import markup


def environment() -> Environment:
    """Return what renders the templates beside this module, with the filter `paragraphs` for texts of `Words`."""
    made = Environment(
        loader=PackageLoader("app.views"), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    made.filters["paragraphs"] = _paragraphs
    return made


def _paragraphs(text: str) -> Markup:
    return Markup(markup.paragraphs(text))  # noqa: S704  # Escaped there.
