"""A words file with a category of one's own, filled in as somebody would."""

from __future__ import annotations

import re
from pathlib import Path

from app.answers.languages import Language
from app.answers.words_template import words_template

OWN = "insect_bites"
REFERRAL = "Please show these bites to a nurse or doctor within the week; only an examination can find the cause."
ADVICE = "Are there none of these signs? Then cool the bites, and ask a pharmacist if they itch."


def own_words(folder: Path, *, language: Language = Language.ENGLISH, leave: str = "") -> Path:
    """Return a filled-in template; the text of the key `leave` stays empty."""
    head, mark, entry = words_template([OWN], language=language).partition(f"[answer.{OWN}]")
    values = {"urgency": "routine", "referral": REFERRAL, "advice": ADVICE, "headline": "Most like insect bites"}

    def fill(found: re.Match[str]) -> str:
        key = found[1]
        return found[0] if key == leave else f'{key} = "{values.get(key, f"Text of {key}.")}"'

    entry = re.sub(r'^(\w+) = "+$', fill, entry, flags=re.MULTILINE).replace("sources = []", 'sources = ["nhs_rashes"]')
    path = folder / f"own.{language}.toml"
    path.write_text(head + mark + entry, encoding="utf-8")
    return path
