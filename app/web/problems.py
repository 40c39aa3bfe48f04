"""Errors for programs: RFC 9457 problem details, each with the advice and the referral that an answer carries."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from app.answers.heeding import heed
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from model.errors import PhotoError, RedspotsError, RequestError

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[str, int] = {
    "malformed": 400,
    "not_a_form": 400,
    "not_authorised": 401,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "file_too_large": 413,
    "not_an_image": 415,
    "too_many_requests": 429,
    "too_many_logins": 429,
    "failed": 500,
    "busy": 503,
}
"""HTTP status by the code of an error; what is not listed is 422: understood, and unusable."""
UNUSABLE = 422


class Problem(BaseModel):
    """Why there is no answer, and what to do all the same."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    """URI of the kind of problem: `urn:redspots:problem:` and its code."""
    title: str
    """What it comes to for the person: that there is no answer."""
    status: int
    """The HTTP status."""
    detail: str
    """Why, in one sentence with the fix."""
    code: str
    """Stable, for programs."""
    urgency: str
    """`emergency`, `same_day`, `soon` or `routine`."""
    how_soon: str
    """`urgency` in a few words."""
    urgent_advice: str
    """Who to see and how soon; begins with the signs of an emergency."""
    referral: str
    """Never empty."""
    limits: str
    """Intended use, and what a photo cannot show."""
    intended_use: str
    """What this program is for, and what it is not for."""
    language: str
    """Of the texts, as in the `lang` of HTML."""
    model_version: str


def request_error(code: str, words: Words, **details: str) -> RequestError:
    """Return the error in the language of the words."""
    return RequestError(code, words.page[f"request_{code}"].format(**details))


def problem(
    error: RedspotsError,
    words: Words,
    *,
    red_flags: Collection[RedFlag] = (),
    model_version: str = "",
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return the response to a request that ends in an error; what was ticked counts here too."""
    answer = heed(words, words.answer_error(error, model_version=model_version), red_flags)
    status = STATUS.get(error.code, UNUSABLE)
    detail = words.page["too_large"] if error.code == "file_too_large" else words.sentence(error)
    body = Problem(
        type=f"urn:redspots:problem:{error.code}",
        title=answer.headline,
        status=status,
        detail=detail,
        code=error.code,
        urgency=answer.urgency.value,
        how_soon=answer.how_soon,
        urgent_advice=answer.urgent_advice,
        referral=answer.referral,
        limits=answer.limits,
        intended_use=words.intended_use,
        language=words.language,
        model_version=model_version,
    )
    return JSONResponse(
        body.model_dump(),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Content-Language": words.language, **(headers or {})},
    )


def documented() -> dict[int | str, dict[str, object]]:
    """Return every status that a problem may have, for OpenAPI, with the codes that it stands for."""
    by_status: dict[int, list[str]] = {}
    for code in sorted(PhotoError.codes | RequestError.codes):
        by_status.setdefault(STATUS.get(code, UNUSABLE), []).append(code)
    schema = Problem.model_json_schema()
    return {
        status: {"description": f"Problem: {', '.join(codes)}", "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, codes in sorted(by_status.items())
    }
