"""What the page says in a browser that runs no scripts: the signs of an emergency, whom to ask, what this is."""

from __future__ import annotations

from app.answers.words import Words
from app.views.html import no_photo
from app.views.markup import paragraphs, text

# The page's style sheet comes with its scripts.
_STYLE = "max-width: 42rem; margin: 0 auto; padding: 16px; line-height: 1.5"


def no_script_html(words: Words) -> str:
    """Return a `<noscript>` element for the body of a page."""
    answer = no_photo(words)
    parts = (
        f"<h1>{text(words.page['title'])}</h1>",
        paragraphs(words.page["no_script"]),
        f"<h2>{text(words.page['advice_title'])}</h2>{paragraphs(answer.urgent_advice)}",
        f"<h2>{text(words.page['referral_title'])}</h2>{paragraphs(f'{answer.how_soon}. {answer.referral}')}",
        f"<h2>{text(words.page['limits_title'])}</h2>{paragraphs(answer.limits)}",
    )
    return f'<noscript><div style="{_STYLE}">{"".join(parts)}</div></noscript>'
