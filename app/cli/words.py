"""`redspots words`: words for custom categories."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.answers.languages import Language

words_app = typer.Typer(help="Words: what an answer says, for categories of your own.", no_args_is_help=True)


@words_app.command()
def template(
    categories: Annotated[list[str], typer.Argument(help="Ids of your categories, such as insect_bites.")],
    out: Annotated[Path, typer.Option(help="Words file to write.")] = Path("words.toml"),
    lang: Annotated[
        Language, typer.Option(help="Language of the shipped words that it begins with.")
    ] = Language.ENGLISH,
) -> None:
    """Write a words file to fill in: the shipped words, and an empty answer for each category."""
    from app.answers.words_template import words_template
    from model.system.files import write_file

    text = words_template(categories, language=lang)
    write_file(out, text)
    _say(f'Fill in every "" at the end of {str(out)!r}, then: redspots words check {shlex.quote(str(out))}')


@words_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Words file.")],
    categories: Annotated[list[str] | None, typer.Argument(help="Categories that must have words in it.")] = None,
) -> None:
    """Check that a words file is complete: nothing empty, nothing missing, a referral in every answer."""
    from app.answers.words import Words

    words = Words.read(file)
    words.require(categories or [])
    if words.note:
        _say(words.note)
    _say(f"{str(file)!r} is complete; it has answers for {', '.join(words.entries)}.")


@words_app.command()
def review(
    words: Annotated[
        list[Path] | None, typer.Argument(help="Words files, one per language; those that ship, if left out.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the forms.")] = Path("review"),
) -> None:
    """Write a form for each part of the words, for a clinician to read, fill in and sign; renew those not begun."""
    from app.answers.languages import shipped_words
    from app.answers.review_forms import findings, renew
    from app.answers.words_file import WordsFile

    files = [WordsFile.read(path) for path in words or [shipped_words(language) for language in Language]]
    _say(
        f"{renew(out, files)} forms written in {str(out)!r}; a form holds its text, and is signed for that text alone."
    )
    for finding in findings(out, files):
        _say(finding)


def _say(line: str) -> None:
    Console(stderr=True).print(line, highlight=False, markup=False)
