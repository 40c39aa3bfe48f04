"""What is said to a request that is refused before there is an answer; the referral is part of it, in any language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.answers.words import Words
from app.web.problems import STATUS

MARK = "content-language"
"""Header of every refusal: what has it carries the referral."""
_PAGE_KEYS = {"busy": "busy", "failed": "failed", "file_too_large": "too_large", "upload_first": "upload_first"}
"""What the page says in its own words, by code."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals in one language."""

    words: Words

    def say(self, code: str) -> str:
        """Return why, whom to see, and what this is not, by the code of a RequestError or of `_PAGE_KEYS`."""
        return self.words.refuse(self.words.page[_PAGE_KEYS.get(code, f"request_{code}")])

    def respond(
        self,
        code: str,
        *,
        status: int | None = None,
        as_json: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Return the refusal as text, or as JSON in the form that Gradio's page reads."""
        said = self.say(code)
        marked = {MARK: self.words.language, **(headers or {})}
        number = status or STATUS[code]
        if as_json:
            return JSONResponse({"detail": said}, status_code=number, headers=marked)
        return PlainTextResponse(said, status_code=number, headers=marked)


def by_prefix(spoken: Sequence[Words]) -> dict[str, Words]:
    """Return the words of each page by its path: the first language's is "", the others' `/<language>`."""
    first, *others = spoken
    return {"": first, **{f"/{words.language}": words for words in others}}


def refusals_of(spoken: Sequence[Words]) -> dict[str, Refusals]:
    """Return what each page says, by the path of the page."""
    return {prefix: Refusals(words) for prefix, words in by_prefix(spoken).items()}


def refusals_at(path: str, refusals_by_prefix: Mapping[str, Refusals]) -> tuple[str, Refusals]:
    """Return the path below the page that it belongs to, and what that page says; "" is the first page's prefix."""
    for prefix, refusals in refusals_by_prefix.items():
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            return path.removeprefix(prefix) or "/", refusals
    return path, refusals_by_prefix[""]
