"""An `Answer` as HTML, in the order in which a person needs it: what to do first, what the model saw last."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from html import escape
from itertools import groupby

from app.answer import Answer, Section, Share
from app.illustrations import as_jpeg, choose_map
from app.overlay import has_positive_part, overlay
from app.red_flags import RedFlag
from app.wording import Words
from model.errors import InputError
from model.photo import Photo
from model.prediction import Prediction

ERROR = "error"

# Shape and words say how urgent it is as much as the colour does.
ICONS = {
    "emergency": '<path d="M12 3 22 20H2Z"/><path d="M12 10v4.5M12 17.2v.2"/>',
    "same_day": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.2l3.4 2"/>',
    "soon": '<rect x="3.5" y="5" width="17" height="15" rx="2"/><path d="M3.5 10h17M8 3v4M16 3v4"/>',
    "routine": '<path d="M4 5h16v11h-8l-5 4v-4H4Z"/>',
    ERROR: '<rect x="3.5" y="5" width="17" height="14" rx="2"/><path d="m4.5 4.5 15 15"/>',
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the model looked at and said: the ground of an answer."""

    photo: Photo
    prediction: Prediction
    parents: Mapping[str, tuple[str, ...]]
    """Categories that share an answer, from the card."""


def answer_html(answer: Answer, words: Words, *, seen: Seen | None = None, red_flags: Collection[RedFlag] = ()) -> str:
    """Return one answer as an HTML fragment without scripts.

    `seen` adds what the model saw, folded; `red_flags` are what the person ticked, which comes before everything else.
    """
    page = words.page
    shown = words.heed(answer, red_flags)
    mood = shown.urgency.value
    badges = _badge(mood, shown.how_soon)
    photo, folded = (shown.explanation[:1], shown.explanation[1:]) if shown is not answer else ((), shown.explanation)
    if shown.error:
        badges += _badge(ERROR, page["error_badge"])
    parts = (
        f'<header class="head">{badges}<h2>{text(shown.headline)}</h2></header>',
        _section("advice", page["advice_title"], paragraphs(shown.urgent_advice)),
        _section("referral", page["referral_title"], paragraphs(shown.referral)),
        *(_section("photo", section.title, paragraphs(section.text)) for section in photo),
        _section("because", page["not_sure_title"], _items(shown.not_sure_because)),
        _section("notes", page["notes_title"], _items(shown.photo_notes)),
        _section("could-be", page["could_be_title"], paragraphs(shown.could_also_be)),
        _section("explanation", page["explanation_title"], "".join(_fold(section) for section in folded)),
        _seen_html(answer, words, seen) if seen else "",
        _foot(shown, words),
    )
    return f'<article class="answer {mood}">{"".join(parts)}</article>'


def red_flags_html(words: Words, red_flags: Collection[RedFlag]) -> str:
    """Return the advice for what a person ticked while there is no answer yet; nothing when it asks for none."""
    unflagged = no_photo(words)
    answer = words.heed(unflagged, red_flags)
    if answer is unflagged:
        return ""
    mood = answer.urgency.value
    return (
        f'<section class="answer {mood}" role="alert"><header class="head">'
        f"{_badge(mood, answer.how_soon)}<h2>{text(answer.headline)}</h2></header>"
        f'<div class="advice">{paragraphs(answer.urgent_advice)}</div></section>'
    )


def no_photo(words: Words) -> Answer:
    """Return the answer when there is no photo."""
    return words.answer_error(InputError("nothing_found", words.page["no_photo"]))


def trouble_html(words: Words) -> str:
    """Return what stands beside Gradio's own error messages, which know nothing of a referral."""
    answer = no_photo(words)
    return f'<section role="alert"><h2>{text(answer.headline)}</h2>{paragraphs(answer.referral)}</section>'


def text(value: str) -> str:
    """Return a text that the browser shows as it is; `{` and `$` too, which Gradio's HTML component fills in."""
    return escape(value).replace("{", "&#123;").replace("$", "&#36;")


def paragraphs(value: str) -> str:
    """Return a text of `Words` as paragraphs and lists: an empty line parts them, `- ` begins an item."""
    blocks = []
    for is_item, lines in groupby(value.splitlines(), key=lambda line: line.startswith("- ")):
        if is_item:
            blocks.append(_items(tuple(line[2:] for line in lines)))
        else:
            blocks += [f"<p>{text(line)}</p>" for line in lines if line.strip()]
    return "".join(blocks)


def _badge(mood: str, words: str) -> str:
    icon = f'<svg viewBox="0 0 24 24" aria-hidden="true">{ICONS[mood]}</svg>'
    return f'<p class="badge {mood}">{icon}<span>{text(words)}</span></p>'


def _section(name: str, title: str, content: str) -> str:
    return f'<section class="{name}"><h3>{text(title)}</h3>{content}</section>' if content else ""


def _items(sentences: tuple[str, ...]) -> str:
    return f"<ul>{''.join(f'<li>{text(sentence)}</li>' for sentence in sentences)}</ul>" if sentences else ""


def _fold(section: Section) -> str:
    return f"<details><summary>{text(section.title)}</summary>{paragraphs(section.text)}</details>"


def _seen_html(answer: Answer, words: Words, seen: Seen) -> str:
    """Return the numbers and the map, or nothing where the words hold the numbers back: the photo was unfit."""
    if not answer.shares:
        return ""
    page = words.page
    return (
        f'<details class="seen"><summary>{text(page["saw_title"])}</summary><p>{text(page["saw_caution"])}</p>'
        f"{_bars(answer.shares, page)}{_evidence(words, seen)}</details>"
    )


def _bars(shares: tuple[Share, ...], page: Mapping[str, str]) -> str:
    rows = []
    for share in shares:
        percent = round(100 * share.probability)
        number = page["share"].format(percent=percent) if percent else page["small_share"]
        bar = f'<i style="width:{100 * share.probability:.1f}%"></i>'
        rows.append(f"<li><span>{text(share.name)}</span><b>{text(number)}</b><div>{bar}</div></li>")
    return f'<h3>{text(page["shares_title"])}</h3><ul class="bars">{"".join(rows)}</ul>'


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
    picture = as_jpeg(overlay(seen.photo, one_map, seen.prediction.evidence.box), quality=82)
    source = "data:image/jpeg;base64," + base64.b64encode(picture).decode("ascii")
    alternative = text(page["evidence_alt"].format(category=name))
    caption = text(page["evidence_caption"].format(category=name))
    return f'{title}<figure><img alt="{alternative}" src="{source}"><figcaption>{caption}</figcaption></figure>'


def _foot(answer: Answer, words: Words) -> str:
    page = words.page
    limits = f"<details><summary>{text(page['limits_title'])}</summary>{paragraphs(answer.limits)}</details>"
    listed = _items(answer.sources)
    sources = f"<details><summary>{text(page['sources_title'])}</summary>{listed}</details>" if listed else ""
    version = page["model_version"].format(version=answer.model_version)
    signed = f"<p>{text(version)}</p>" if answer.model_version else ""
    return f"<footer>{limits}{sources}{signed}</footer>"
