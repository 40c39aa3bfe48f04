"""Answers to several photos of the same spots as HTML: the one that counts for all, and each photo's own."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.answers.aggregate import most_urgent
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.views.evidence import jpeg_address
from app.views.html import PhotoResult, answer_html, badge
from app.views.markup import text
from app.views.overlay import small

THUMB = 112
"""Pixels, for screens with two per point."""


def several_html(looked: Sequence[PhotoResult], words: Words, *, red_flags: Collection[RedFlag] = ()) -> str:
    """Return the answer to one photo, or the one answer to several with all others below it."""
    if len(looked) == 1:
        (only,) = looked
        return answer_html(only.answer, words, seen=only.seen, red_flags=red_flags)
    chosen = most_urgent([one.answer for one in looked])
    page = words.page
    title = text(page["several_title"].format(number=len(looked)))
    rule = text(page["several_rule"].format(number=chosen + 1))
    each = "".join(_own(number, one, words) for number, one in enumerate(looked, 1))
    listed = (
        f'<section class="several"><h3>{title}</h3><p>{rule}</p><h4>{text(page["several_each"])}</h4>{each}</section>'
    )
    return answer_html(looked[chosen].answer, words, red_flags=red_flags, others=listed)


def _own(number: int, one: PhotoResult, words: Words) -> str:
    """Return one photo's answer, folded below its number and headline. What was ticked stands above all of them."""
    name = text(words.page["photo_number"].format(number=number))
    answer = one.answer
    picture = f'<img class="thumb" alt="" src="{jpeg_address(small(one.seen.photo, THUMB))}">' if one.seen else ""
    head = f"{picture}<span><b>{name}</b> {text(answer.headline)}</span>{badge(answer.urgency.value, answer.how_soon)}"
    own = answer_html(answer, words, seen=one.seen, is_part=True)
    return f'<details class="own"><summary>{head}</summary>{own}</details>'
