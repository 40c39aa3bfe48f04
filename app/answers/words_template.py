"""A words file to fill in for custom categories: the shipped words, and what each new answer has to say."""

from __future__ import annotations

from collections.abc import Sequence

from app.answers.languages import Language, shipped_words
from app.answers.words_file import WordsFile
from model.categories import CATEGORY_ID, RESERVED
from model.errors import InputError

_HEAD = """
# Fill in every "" below; the file is refused until all is written. In a text, an empty line begins a paragraph, and
# "- " at the start of a line an item of a list. Write plain words, serious causes first, and let a clinician read it.
"""
_ENTRY = """
[answer.{id}]
# What it is called, in lower case, and the headline of its answer: no numbers.
name = ""
headline = ""
# same_day, soon or routine. With same_day if bleeding or anything else that cannot wait may be behind it.
urgency = ""
# What to do, after the emergency paragraph. One of your own in the key `emergency` may stand in for that paragraph
# unless the urgency is same_day.
advice = \"\"\"\"\"\"
# Whom to see, and that only an examination can find the cause: no answer is without it.
referral = \"\"\"\"\"\"
# Keys of [sources], as ["nhs_rashes"]; a source of your own is a line there, with the address of its page.
sources = []
[answer.{id}.sections]
"""


def words_template(categories: Sequence[str], *, language: Language = Language.ENGLISH) -> str:
    """Return the shipped words of a language, followed by an answer to fill in for each category.

    Raises InputError for an id that cannot be a category, or that has words already.
    """
    path = shipped_words(language)
    shipped = WordsFile.read(path)
    for id_ in categories:
        if not CATEGORY_ID.fullmatch(id_):
            raise InputError(
                "bad_option", f"{id_!r} cannot be a category; use lower-case letters, digits and _, a letter first."
            )
        if shipped.has("answer", id_) or shipped.has("names", id_) or id_ in RESERVED:
            raise InputError("bad_option", f"{id_!r} has its words or its meaning already; choose another id.")
    sections = "".join(f'# {shipped.text("titles", key)}\n{key} = """"""\n' for key in shipped.keys("titles"))
    entries = "".join(_ENTRY.format(id=id_) + sections for id_ in dict.fromkeys(categories))
    return path.read_text(encoding="utf-8") + _HEAD + entries
