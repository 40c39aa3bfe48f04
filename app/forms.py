"""Forms with photos, read in memory alone: the file as it was sent never touches the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from app.guard import MAX_FILE_BYTES, MULTIPART_SLACK
from model.errors import PhotoError, RequestError

MAX_OPEN = 16
"""At a time; each may hold 15 MB of memory."""
MAX_FIELDS = 32


class FormReader:
    """Reads a few forms at a time, whoever sends them."""

    def __init__(self) -> None:
        """Begin with none open."""
        self.open = 0

    @asynccontextmanager
    async def reading(self, request: Request) -> AsyncIterator[FormData]:
        """Yield a form that holds one file at most, and count it until the block ends.

        Raises RequestError `busy`, `length_missing`, `not_a_form` or `too_many_photos`, PhotoError `file_too_large`.
        """
        _check_length(request)
        if self.open >= MAX_OPEN:
            raise RequestError("busy", "Too many photos at a time; try again in a minute.")
        self.open += 1
        try:
            form = await _parse(request)
            try:
                yield form
            finally:
                await form.close()
        finally:
            self.open -= 1


def _check_length(request: Request) -> None:
    length = request.headers.get("content-length", "")
    if "transfer-encoding" in request.headers or not length:
        raise RequestError("length_missing", "Send a Content-Length.")
    if not length.isascii() or not length.isdigit() or int(length) > MAX_FILE_BYTES + MULTIPART_SLACK:
        raise PhotoError("file_too_large", "The file is larger than 15 MB; save the photo smaller.")


async def _parse(request: Request) -> FormData:
    parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=MAX_FIELDS)
    parser.spool_max_size = 2 * MAX_FILE_BYTES  # In memory.
    try:
        return await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise RequestError("too_many_photos", "Send one photo per request.") from error
        raise RequestError("not_a_form", "Send one file as multipart/form-data.") from error
    except (ClientDisconnect, KeyError) as error:  # KeyError: no boundary in the content type.
        raise RequestError("not_a_form", "Send one file as multipart/form-data.") from error
