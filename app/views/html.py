"""An `Answer` as HTML, in the order in which a person needs it: what to do first, what the model saw last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.answers.answer import Answer
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.views.explanation import Seen, seen_html
from app.views.markup import fold, items, paragraphs, section, sources, text
from model.errors import InputError

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
class PhotoResult:
    """The answer to one photo, and its ground."""

    answer: Answer
    seen: Seen | None
    """None when there was no photo to see."""


def answer_html(
    answer: Answer,
    words: Words,
    *,
    seen: Seen | None = None,
    red_flags: Collection[RedFlag] = (),
    others: str = "",
    is_part: bool = False,
) -> str:
    """Return one answer as an HTML fragment without scripts.

    `seen` adds what the model saw, folded; `red_flags` are what the person ticked, which comes before everything else;
    `others` is HTML on the other photos. An answer that `is_part` of a larger one has no buttons of its own.
    """
    page = words.page
    shown = words.heed(answer, red_flags)
    mood = shown.urgency.value
    badges = badge(mood, shown.how_soon)
    photo, folded = (shown.explanation[:1], shown.explanation[1:]) if shown is not answer else ((), shown.explanation)
    if shown.error:
        badges += badge(ERROR, page["error_badge"])
    level = _level(shown) if shown is answer else ""
    parts = (
        f'<header class="head">{badges}<h2>{text(shown.headline)}</h2>{level}</header>',
        section("advice", page["advice_title"], paragraphs(shown.urgent_advice)),
        section("referral", page["referral_title"], paragraphs(shown.referral)),
        others,
        *(section("photo", part.title, paragraphs(part.text) + _level(shown)) for part in photo),
        section("because", page["not_sure_title"], items(shown.not_sure_because)),
        section("notes", page["notes_title"], items(shown.photo_notes)),
        section("could-be", page["could_be_title"], paragraphs(shown.could_also_be)),
        section("explanation", page["explanation_title"], "".join(map(fold, folded))),
        seen_html(answer, words, seen) if seen else "",
        _foot(shown, words),
        "" if is_part else _actions(page),
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
        f"{badge(mood, answer.how_soon)}<h2>{text(answer.headline)}</h2></header>"
        f'<div class="advice">{paragraphs(answer.urgent_advice)}</div></section>'
    )


def no_photo(words: Words) -> Answer:
    """Return the answer when there is no photo."""
    return words.answer_error(InputError("nothing_found", words.page["no_photo"]))


def trouble_html(words: Words) -> str:
    """Return what stands beside Gradio's own error messages, which know nothing of a referral."""
    answer = no_photo(words)
    return f'<section role="alert"><h2>{text(answer.headline)}</h2>{paragraphs(answer.referral)}</section>'


def badge(mood: str, words: str) -> str:
    """Return how urgent it is, as an icon with words."""
    icon = f'<svg viewBox="0 0 24 24" aria-hidden="true">{ICONS[mood]}</svg>'
    return f'<span class="badge {mood}">{icon}<span>{text(words)}</span></span>'


def _level(answer: Answer) -> str:
    """Return how far the answer commits itself, and how often such answers were right."""
    if not answer.level_name:
        return ""
    told = " ".join(filter(None, (f"{answer.title}.", answer.meaning, answer.how_often)))
    return f'<p class="level"><b>{text(answer.level_name)}</b> {text(told)}</p>'


def _actions(page: Mapping[str, str]) -> str:
    """Return what can be done with an answer; `page.js` listens to the buttons."""
    return (
        '<p class="printed"></p><div class="actions">'
        f'<button type="button" class="print">{text(page["print"])}</button>'
        f'<label><input type="checkbox" class="print-photo">{text(page["print_photo"])}</label>'
        f'<button type="button" class="again">{text(page["start_over"])}</button></div>'
    )


def _foot(answer: Answer, words: Words) -> str:
    page = words.page
    limits = f"<details><summary>{text(page['limits_title'])}</summary>{paragraphs(answer.limits)}</details>"
    listed = sources(answer.sources)
    folded = f"<details><summary>{text(page['sources_title'])}</summary>{listed}</details>" if listed else ""
    version = page["model_version"].format(version=answer.model_version)
    signed = f"<p>{text(version)}</p>" if answer.model_version else ""
    return f"<footer>{limits}{folded}{signed}</footer>"
