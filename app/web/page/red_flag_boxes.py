"""The red flags on the page: boxes to tick, and one answer to each question. Programs name them by ids of `RedFlag`."""

from __future__ import annotations

from typing import Any

from app.answers.heeding import URGENCIES, headline, repeated
from app.answers.red_flags import BOXES, QUESTIONS, RULES, Alarm, RedFlag, Rule, telling
from app.answers.words import Words
from app.views.html import badge, call_button
from app.views.markup import paragraphs, text
from app.web.gradio_setup import gr

AT_ONCE = {Alarm.SAME_DAY: "same_day", Alarm.NOW: "emergency", Alarm.EMERGENCY: "emergency"}
"""Moods of the alarms that the page shows without waiting for the server."""


class RedFlagBoxes(gr.CheckboxGroup):
    """`gr.CheckboxGroup` whose refusal of an unknown box carries the referral. The page adds the answers to it."""

    # Tells Gradio to draw it as its parent class.
    is_template = True

    def __init__(self, words: Words, **options: Any) -> None:
        """Take `gr.CheckboxGroup`'s options but for the choices."""
        self._refusal = words.refuse(words.page["unknown_red_flag"].format(flags=", ".join(RedFlag)))
        super().__init__([(words.red_flags[flag], flag.value) for flag in BOXES], **options)

    def get_config(self, cls: Any = None) -> dict[str, Any]:
        """Return what the browser needs: the parent's parameters, since Gradio reads them off a signature."""
        return dict(super().get_config(cls or gr.CheckboxGroup))

    def preprocess(self, payload: Any) -> list[str | int | float]:
        """Return what was told. Raises gr.Error for anything that is no list of red flags."""
        try:
            return [RedFlag(value) for value in payload or []]
        except (TypeError, ValueError):
            raise gr.Error(self._refusal, print_exception=False) from None


def questions_html(words: Words) -> str:
    """Return the questions that have one answer each; the page's script tells the answers with the boxes."""
    return "".join(_question(name, words) for name in QUESTIONS)


def _question(name: str, words: Words) -> str:
    answers = "".join(
        f'<label><input type="radio" name="{name}" value="{flag.value}">'
        f"<span>{text(words.red_flags[flag])}</span></label>"
        for flag in QUESTIONS[name]
    )
    glass = words.glass_test
    how = (
        f"<details><summary>{text(glass.title)}</summary>{paragraphs(glass.text)}</details>" if name == "glass" else ""
    )
    return f"<fieldset><legend>{text(words.page[f'{name}_question'])}</legend><div>{answers}</div>{how}</fieldset>"


def alarm_html(words: Words, alarm: Alarm) -> str:
    """Return an alarm with everything that can lead to it; `alarm_css` shows what was told, and why it counts."""
    mood = AT_ONCE[alarm]
    rules = [rule for rule in RULES if rule.alarm is alarm]
    told = "".join(
        f'<li data-told="{flag.value}">{text(repeated(words, flag))}</li>'
        for flag in RedFlag
        if any(flag in rule.told for rule in rules)
    )
    because = "".join(
        f'<p data-because="{key}">{text(words.because[key])}</p>'
        for key in dict.fromkeys(rule.because for rule in rules if rule.because)
    )
    lead = {Alarm.EMERGENCY: words.red_flag_advice}.get(alarm, "")
    urgency = words.urgencies[URGENCIES[alarm]]
    return (
        f'<section class="answer {mood}" role="alert"><header class="head">{badge(mood, urgency)}'
        f"<h2>{text(headline(words, alarm))}</h2>{call_button(words) if mood == 'emergency' else ''}</header>"
        f'<div class="advice">{paragraphs(lead)}{because}<p>{text(words.phrases["you_told"])}</p><ul>{told}</ul></div>'
        "</section>"
    )


def alarm_css() -> str:
    """Return CSS that shows an alarm at once when what was told asks for it, without waiting for the server."""
    shown: list[str] = []
    for rule in RULES:
        if rule.alarm not in AT_ONCE:
            continue
        body = _told(rule)
        place = f"#alarm-{rule.alarm.name.lower()}"
        quieter = [f"#alarm-{one.name.lower()}" for one in AT_ONCE if one < rule.alarm]
        shown.append(f"{body} {place}{{display:block}}")
        shown += [f"{body} {other}{{display:none !important}}" for other in quieter]
        shown += [f'{body} {place} [data-told="{flag.value}"]{{display:list-item}}' for flag in sorted(rule.told)]
        if rule.because:
            shown.append(f'{body} {place} [data-because="{rule.because}"]{{display:block}}')
    return "".join(shown)


def _told(rule: Rule) -> str:
    """Return the selector of a page on which all of a rule was told."""
    told = "".join(f":has({_checked(flag)})" for flag in sorted(rule.told))
    return f"body{told}" + "".join(f":not(:has({_checked(flag)}))" for flag in sorted(rule.unless))


def _checked(flag: RedFlag) -> str:
    """Return the selectors of the boxes and answers that tell a flag, or what includes it."""
    if flag in BOXES:
        return f"#red-flags label:nth-of-type({BOXES.index(flag) + 1}) input:checked"
    return ",".join(f'#told input[value="{one.value}"]:checked' for one in telling(flag))
