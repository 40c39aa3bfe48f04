"""An `Answer` as HTML: the alarm line, what it may be, what to do and how well it fits first; all else in folds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from app.answers.answer import Answer
from app.answers.heeding import heed
from app.answers.levels import upper_first
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.views.evidence import jpeg_address
from app.views.explanation import Seen, seen_html
from app.views.markup import paragraphs, sources, text
from app.views.overlay import small
from app.views.templating import environment
from model.errors import InputError
from model.prediction import Level

ERROR = "error"
THUMB = 168
"""Pixels of the photo beside its answer, for screens with two per point."""

# Every value passes through `text`: Gradio's HTML component fills in braces and dollars, which autoescape leaves.
_TEMPLATES = environment(
    finalize=lambda value: value if isinstance(value, Markup) else Markup(text(str(value))),  # noqa: S704
    trim_blocks=False,
)

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
    shown = heed(words, answer, red_flags)
    heeded = shown is not answer
    mood = shown.urgency.value
    badges = badge(mood, shown.how_soon)
    if shown.error:
        badges += badge(ERROR, words.page["error_badge"])
    glass, rest = words.glass_test, [part for part in answer.explanation if part != words.glass_test]
    unmatched = answer.level is Level.NO_MATCH
    known = [words.entries[fit.category] for fit in answer.fits if unmatched and fit.category in words.entries]
    html = _TEMPLATES.get_template("answer.html").render(
        answer=answer,
        shown=shown,
        heeded=heeded,
        is_part=is_part,
        page=words.page,
        mood=mood,
        badges=_raw(badges),
        call=_raw(call_button(words)),
        # What is ticked stands above; what the photo looks like follows it.
        photo=shown.explanation[:1] if heeded else (),
        thumbnail=jpeg_address(small(seen.photo, THUMB)) if seen and not is_part else "",
        folds=(glass, *rest),
        kinds=[(upper_first(entry.name), entry.meaning) for entry in known],
        others=_raw(others),
        seen=_raw(seen_html(answer, words, seen) if seen else ""),
        foot=_raw(_foot(shown, words)),
        actions=_raw("" if is_part else _actions(words.page)),
    )
    return html.strip()


def _raw(html: str) -> Markup:
    """Return HTML of this module's own making, whose texts went through `text`."""
    return Markup(html)  # noqa: S704


def call_button(words: Words) -> str:
    """Return the link that calls the emergency number: 112 until the page's script knows the browser's region."""
    said = words.page["call"]
    return f'<a class="call" href="tel:112" data-say="{text(said)}">{text(said.format(number=112))}</a>'


def red_flags_html(words: Words, red_flags: Collection[RedFlag]) -> str:
    """Return the advice for what a person ticked while there is no answer yet; nothing when it asks for none."""
    unflagged = no_photo(words)
    answer = heed(words, unflagged, red_flags)
    if answer is unflagged:
        return ""
    mood = answer.urgency.value
    return (
        f'<section class="answer {mood}" role="alert"><header class="head">'
        f"{badge(mood, answer.how_soon)}<h2>{text(answer.headline)}</h2>{call_button(words)}</header>"
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
