"""Texts as HTML: escaped, in paragraphs and lists, under titles."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby

from app.answers.answer import Reference, Section


def text(value: str) -> str:
    """Return a text that the browser shows as it is; `{` and `$` too, which Gradio's HTML component fills in."""
    return escape(value).replace("{", "&#123;").replace("$", "&#36;")


def paragraphs(value: str) -> str:
    """Return a text of `Words` as paragraphs and lists: an empty line parts them, `- ` begins an item."""
    blocks = []
    for is_item, lines in groupby(value.splitlines(), key=lambda line: line.startswith("- ")):
        if is_item:
            blocks.append(items(tuple(line[2:] for line in lines)))
        else:
            blocks += [f"<p>{text(line)}</p>" for line in lines if line.strip()]
    return "".join(blocks)


def section(name: str, title: str, content: str) -> str:
    """Return a section of a class with its title; nothing when it has no content."""
    return f'<section class="{name}"><h3>{text(title)}</h3>{content}</section>' if content else ""


def items(sentences: tuple[str, ...]) -> str:
    """Return sentences as a list; nothing when there are none."""
    return f"<ul>{''.join(f'<li>{text(sentence)}</li>' for sentence in sentences)}</ul>" if sentences else ""


def sources(references: Iterable[Reference]) -> str:
    """Return sources as a list of links that tell the other site nothing of the page; nothing when there are none."""
    listed = "".join(f"<li>{_source(reference)}</li>" for reference in references)
    return f'<ul class="sources">{listed}</ul>' if listed else ""


def _source(reference: Reference) -> str:
    if not reference.url:
        return text(reference.text)
    spoken = f' hreflang="{text(reference.language)}"' if reference.language else ""
    return f'<a href="{text(reference.url)}"{spoken} target="_blank" rel="noreferrer">{text(reference.text)}</a>'


def fold(titled: Section) -> str:
    """Return a section that is folded below its title."""
    return f"<details><summary>{text(titled.title)}</summary>{paragraphs(titled.text)}</details>"
