"""The HTTP interface for programs: one photo in, one `Answer` as JSON out, described by OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request, Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from app.answers.answer import Answer
from app.answers.heeding import heed
from app.answers.languages import preferred
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.web.api.schemas import AnswerBody
from app.web.inference import Looker
from app.web.problems import documented, problem, request_error
from app.web.security.addresses import client_address
from app.web.security.request_filter import MAX_FILE_BYTES
from app.web.uploads.multipart import FormReader
from model.categories import INTENDED_USE
from model.errors import PhotoError, RedspotsError, RequestError

PREFIX = "/api/v1"
PER_MINUTE = 60
"""Photos that one address may send in a minute."""
ABOUT = f"""
Tells petechiae, purpura, cherry angioma and sun-related rash apart on photos, or says that it is not sure.

{INTENDED_USE} Whoever shows an answer to a person shows `how_soon`, `urgent_advice`, `referral` and
`limits` with it. Photos are read in memory, kept nowhere and sent nowhere.
"""


def create_api(
    looker: Looker,
    spoken: Sequence[Words],
    forms: FormReader,
    *,
    readers: CapacityLimiter,
) -> FastAPI:
    """Return the application below `PREFIX`; `readers` is how many photos are decoded at a time, pages included."""
    desk = _Desk(looker, spoken, forms, readers)
    # The usual pages of documentation fetch their scripts from a foreign host.
    api = FastAPI(
        title="redspots",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.add_api_route(
        "/answers",
        desk.answer,
        methods=["POST"],
        response_model=AnswerBody,
        responses=documented(),
        summary="Answer one photo",
        openapi_extra={"requestBody": _form(spoken)},
    )
    api.add_exception_handler(HTTPException, desk.refuse)
    api.add_exception_handler(Exception, desk.fail)
    return api


def _form(spoken: Sequence[Words]) -> dict[str, Any]:
    properties = {
        "photo": {"type": "string", "format": "binary", "description": "JPEG, PNG, WebP, AVIF, HEIC, BMP, TIFF or GIF"},
        "red_flags": {
            "type": "array",
            "items": {"type": "string", "enum": list(RedFlag)},
            "description": "What is true of the person now; one counts for more than any photo. Repeat the field.",
        },
        "language": {
            "type": "string",
            "enum": [words.language for words in spoken],
            "description": "That of Accept-Language if left out.",
        },
    }
    schema = {"type": "object", "required": ["photo"], "properties": properties}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


class _Desk:
    """Takes requests in, one after the other through the same checks."""

    def __init__(
        self,
        looker: Looker,
        spoken: Sequence[Words],
        forms: FormReader,
        readers: CapacityLimiter,
    ) -> None:
        self.looker = looker
        self.classifier = looker.classifier
        self.spoken: Mapping[str, Words] = {words.language: words for words in spoken}
        self.forms = forms
        self.readers = readers
        self.limiter = MovingWindowRateLimiter(MemoryStorage())
        self.rate = RateLimitItemPerMinute(PER_MINUTE)

    async def answer(self, request: Request) -> Any:
        """Return the answer to the photo in the field `photo`."""
        words = self._words(request)
        red_flags: list[RedFlag] = []
        try:
            self._count(request, words)
            async with self.forms.reading(request) as form:
                words = self._chosen(form, words)
                red_flags = _red_flags(form, words)
                data = await _photo(form, words)
                answer = await run_sync(self._look, data, words, limiter=self.readers)
        except RedspotsError as error:
            return self._problem(error, words, red_flags=red_flags)
        body = AnswerBody.of(heed(words, answer, red_flags), words)
        return Response(
            body.model_dump_json(), media_type="application/json", headers={"Content-Language": words.language}
        )

    async def refuse(self, request: Request, error: Exception) -> Response:
        """Return the problem for an address or a method that does not exist."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = (error.headers or {}) if isinstance(error, HTTPException) else {}
        words = self._words(request)
        code = {404: "not_found", 405: "method_not_allowed"}.get(status, "failed")
        return self._problem(request_error(code, words), words, headers=headers)

    async def fail(self, request: Request, error: Exception) -> Response:
        """Return the problem for what nobody foresaw; the error itself is logged by the server."""
        words = self._words(request)
        return self._problem(request_error("failed", words), words)

    def _look(self, data: bytes, words: Words) -> Answer:
        return self.looker.answer(lambda: self.classifier.read(data), words)

    def _count(self, request: Request, words: Words) -> None:
        if not self.limiter.hit(self.rate, client_address(request.scope)):
            raise request_error("too_many_requests", words, number=str(self.rate.amount))

    def _problem(
        self,
        error: RedspotsError,
        words: Words,
        *,
        red_flags: Sequence[RedFlag] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        # Forms know no language.
        if isinstance(error, RequestError) and error.code in {
            "busy",
            "not_a_form",
            "too_many_photos",
            "too_slow",
        }:
            error = request_error(error.code, words)
        waiting = {"Retry-After": "60"} if error.code in {"busy", "too_many_requests"} else {}
        return problem(
            error,
            words,
            red_flags=red_flags,
            model_version=self.classifier.card.version,
            headers={**waiting, **(headers or {})},
        )

    def _words(self, request: Request) -> Words:
        languages = list(self.spoken)
        return self.spoken[preferred(request.headers.get("accept-language", ""), languages)]

    def _chosen(self, form: FormData, words: Words) -> Words:
        language = form.get("language", words.language)
        if language not in self.spoken:
            raise request_error("unknown_language", words, known=", ".join(self.spoken))
        return self.spoken[str(language)]


def _red_flags(form: FormData, words: Words) -> list[RedFlag]:
    try:
        return [RedFlag(str(flag)) for flag in form.getlist("red_flags")]
    except ValueError:
        raise request_error("unknown_red_flag", words, known=", ".join(RedFlag)) from None


async def _photo(form: FormData, words: Words) -> bytes:
    photo = form.get("photo")
    if not isinstance(photo, UploadFile):
        raise request_error("no_photo", words)
    data = await photo.read()
    if len(data) > MAX_FILE_BYTES:
        raise PhotoError("file_too_large", words.page["too_large"])
    return data
