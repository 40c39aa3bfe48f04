"""Forms with photos, read in memory alone: the file as it was sent never touches the disk."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from app.web.security.addresses import client_address
from app.web.security.bodies import body_chunks, check_length
from app.web.security.request_filter import MAX_FILE_BYTES, MULTIPART_SLACK
from app.web.service_limits import Limits
from app.web.uploads.turns import Turns
from model.errors import RequestError

MAX_FIELDS = 32
MOST = MAX_FILE_BYTES + MULTIPART_SLACK


class FormReader:
    """Reads a few forms at a time, whoever sends them; the others wait for their turn."""

    def __init__(self, limits: Limits) -> None:
        """Begin with none open."""
        self.limits = limits
        self.turns = Turns(limits)

    @asynccontextmanager
    async def reading(self, request: Request, *, ticket: str = "") -> AsyncIterator[FormData]:
        """Yield a form that holds one file at most, and hold a turn until the block ends.

        `ticket` is what `turns.place` knows it by. Raises RequestError `busy`, `too_slow`, `not_a_form` or
        `too_many_photos`, PhotoError `file_too_large`.
        """
        size = check_length(request.headers.get("content-length"), most=MOST)
        async with self.turns.turn(address=client_address(request.scope), size=size, ticket=ticket):
            form = await _parse(request, body_chunks(request.receive, most=MOST, limits=self.limits))
            try:
                yield form
            finally:
                await form.close()


async def _parse(request: Request, body: AsyncGenerator[bytes]) -> FormData:
    parser = MultiPartParser(request.headers, body, max_files=1, max_fields=MAX_FIELDS)
    parser.spool_max_size = 2 * MAX_FILE_BYTES  # In memory.
    try:
        return await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise RequestError("too_many_photos", "Send one photo per request.") from error
        raise RequestError("not_a_form", "Send one file as multipart/form-data.") from error
    except (ClientDisconnect, KeyError) as error:  # KeyError: no boundary in the content type.
        raise RequestError("not_a_form", "Send one file as multipart/form-data.") from error
