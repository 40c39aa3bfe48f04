"""What the model saw as HTML: probabilities as bars, and where in the photo they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.answers.answer import Answer
from app.answers.words import Words
from app.views.evidence import choose_map, jpeg_address
from app.views.markup import text
from app.views.overlay import LONGEST_SIDE, has_positive_part, overlay, small
from model.photo import Photo
from model.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model looked at and said: the ground of an answer."""

    photo: Photo
    prediction: Prediction
    parents: Mapping[str, tuple[str, ...]]
    """Categories that share an answer, from the card."""


def seen_html(answer: Answer, words: Words, seen: Seen) -> str:
    """Return the numbers and the map, or nothing where the words hold the numbers back: the photo was unfit."""
    if not answer.shares:
        return ""
    page = words.page
    return (
        f'<details class="seen"><summary>{text(page["saw_title"])}</summary><p>{text(page["saw_caution"])}</p>'
        f"{_bars(answer, page)}{_evidence(words, seen)}</details>"
    )


def _bars(answer: Answer, page: Mapping[str, str]) -> str:
    rows = []
    for share in answer.shares:
        number = _percent(share.probability, page)
        bar = f'<i style="width:{100 * share.probability:.1f}%"></i>'
        tick = '<span class="tick">✓</span> ' if share.category in answer.prediction_set else ""
        rows.append(f"<li><span>{tick}{text(share.name)}</span><b>{text(number)}</b><div>{bar}</div></li>")
    caption = f'<p class="caption">{text(page["set_caption"])}</p>' if answer.prediction_set else ""
    return f'<h3>{text(page["shares_title"])}</h3><ul class="bars">{"".join(rows)}</ul>{caption}'


def _percent(probability: float, page: Mapping[str, str]) -> str:
    """Return a probability as whole percent; never 0 % or 100 %, which no photo can give."""
    if probability < 0.005:
        return page["small_share"]
    return page["large_share"] if probability > 0.995 else page["share"].format(percent=round(100 * probability))


def _evidence(words: Words, seen: Seen) -> str:
    """Return the map of the named category, of a parent's likelier member, or else of the likeliest category."""
    page = words.page
    chosen = choose_map(seen.prediction, seen.parents)
    if chosen is None or seen.prediction.evidence is None:
        return ""
    likeliest, one_map = chosen
    name = words.name(likeliest.category)
    title = f"<h3>{text(page['evidence_title'])}</h3>"
    if not has_positive_part(one_map):
        return f"{title}<p>{text(page['evidence_none'].format(category=name))}</p>"
    below = jpeg_address(small(seen.photo, LONGEST_SIDE))
    above = jpeg_address(overlay(seen.photo, one_map, seen.prediction.evidence.box))
    alternative = text(page["evidence_alt"].format(category=name))
    caption = text(page["evidence_caption"].format(category=name))
    return (
        f'<figure>{title}<div class="layers"><img alt="" src="{below}"><img alt="{alternative}" src="{above}"></div>'
        f'<label class="opacity">{text(page["opacity"])}<input type="range" min="0" max="100" value="100"></label>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
