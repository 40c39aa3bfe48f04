"""An answer as text on the terminal, in the order in which a person needs it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from app.answers.answer import Answer, Urgency
from app.answers.words import Words
from model.errors import PhotoError, RedspotsError
from model.photo import escaped
from model.prediction import Prediction
from model.redaction import redacted_url

STYLES = {Urgency.EMERGENCY: "red", Urgency.SAME_DAY: "red", Urgency.SOON: "yellow", Urgency.ROUTINE: "cyan"}
BAR = 24
"""Characters of a bar that stands for certainty."""


def print_answer(console: Console, path: Path | str, answer: Answer, prediction: Prediction | None) -> None:
    """Print one answer: what to do and whom to see first, numbers after that, limits last.

    Without a prediction there are no numbers. Nothing in a file name is taken for markup or a control sequence.
    """
    style = STYLES[answer.urgency]
    console.print(Rule(characters="─" if _encodable(console, "─") else "-", style="dim"))
    console.print(_text(console, str(path) if isinstance(path, Path) else redacted_url(path), "dim"))
    console.print(_text(console, f"{answer.how_soon}: {answer.headline}", f"bold {style}"))
    _print_text(console, answer.urgent_advice, style)
    _print_text(console, answer.referral, "bold")
    level = f"{answer.level_name}: {answer.title}. {answer.meaning}".strip() if answer.level_name else ""
    told = filter(None, (level, *answer.not_sure_because, *answer.photo_notes, answer.could_also_be, answer.how_often))
    if remarks := tuple(told):
        _print_text(console, "\n".join(f"- {remark}" for remark in remarks))
    if prediction is not None and answer.shares:
        console.print()
        console.print(_shares(console, answer))
    _print_text(console, answer.limits, "dim")
    if answer.sources:
        _print_text(console, "\n".join(f"- {source.line}" for source in answer.sources), "dim")
    console.print()


def advice_on_error(words: Words, error: Exception) -> str:
    """Return what stands below an error that ends the work: how soon to see whom, and what this is not."""
    told = error if isinstance(error, RedspotsError) else PhotoError("failed", str(error) or type(error).__name__)
    answer = words.answer_error(told)
    return "\n\n".join((f"{answer.how_soon}.", answer.urgent_advice, answer.referral, answer.limits))


def _print_text(console: Console, text: str, style: str = "") -> None:
    """Print paragraphs, each after an empty line, and list items with a hanging indent."""
    for block in text.split("\n\n"):
        console.print()
        for line in block.split("\n"):
            cells = ["-", line[2:]] if line.startswith("- ") else [line]
            grid = Table.grid(padding=(0, 1, 0, 0))
            grid.add_row(*(_text(console, cell, style) for cell in cells))
            console.print(grid)


def _shares(console: Console, answer: Answer) -> Padding:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    block = "█" if _encodable(console, "█") else "#"
    for share in answer.shares:
        bar = block * round(BAR * share.probability)
        table.add_row(_text(console, share.name), percent(share.probability), Text(bar))
    return Padding(table, (0, 0, 0, 2))


def percent(probability: float) -> str:
    """Return a probability as whole percent; never 0 % or 100 %, which no photo can give."""
    if probability < 0.005:
        return "<1 %"
    return ">99 %" if probability > 0.995 else f"{100 * probability:.0f} %"


def _text(console: Console, text: str, style: str = "") -> Text:
    """Return text that the console can show: a Text takes no markup, and no control character is left in it."""
    shown = escaped(text).encode(console.encoding, "backslashreplace").decode(console.encoding)
    return Text(shown, style=style, overflow="fold")


def _encodable(console: Console, text: str) -> bool:
    try:
        text.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True
