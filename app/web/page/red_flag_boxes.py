"""The red flags on the page: one box per question. Programs name them by the ids of `RedFlag`, in any language."""

from __future__ import annotations

from typing import Any

from app.answers.red_flags import RULES, Alarm, RedFlag
from app.answers.words import Words
from app.web.gradio_setup import gr


class RedFlagBoxes(gr.CheckboxGroup):
    """`gr.CheckboxGroup` whose refusal of an unknown box carries the referral."""

    # Tells Gradio to draw it as its parent class.
    is_template = True

    def __init__(self, words: Words, **options: Any) -> None:
        """Take `gr.CheckboxGroup`'s options but for the choices."""
        self._refusal = words.refuse(words.page["unknown_red_flag"].format(flags=", ".join(RedFlag)))
        super().__init__([(question, flag.value) for flag, question in words.red_flags.items()], **options)

    def get_config(self, cls: Any = None) -> dict[str, Any]:
        """Return what the browser needs: the parent's parameters, since Gradio reads them off a signature."""
        return dict(super().get_config(cls or gr.CheckboxGroup))

    def preprocess(self, payload: Any) -> list[str | int | float]:
        """Return what is ticked. Raises gr.Error for anything that is no list of red flags."""
        try:
            return [RedFlag(value) for value in payload or []]
        except (TypeError, ValueError):
            raise gr.Error(self._refusal, print_exception=False) from None


def emergency_css(*, boxes: str, shown: str) -> str:
    """Return CSS that shows an element at once when what is ticked is an emergency, without waiting for the server."""
    number = {flag: index for index, flag in enumerate(RedFlag, 1)}
    selectors = [
        "".join(f":has({boxes} label:nth-of-type({number[flag]}) input:checked)" for flag in sorted(rule.ticked))
        for rule in RULES
        if rule.alarm is Alarm.EMERGENCY
    ]
    return "".join(f"body{selector} {shown}{{display:block}}" for selector in selectors)
