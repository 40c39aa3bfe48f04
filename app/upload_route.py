"""The page's upload route, in place of Gradio's own, which would keep every file with all its metadata."""

from __future__ import annotations

from collections.abc import Mapping

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.guard import MAX_FILE_BYTES
from app.refusals import Refusals, refusals_at
from app.uploads import PhotoStore

MAX_UPLOADS = 16
"""At a time; each may hold 15 MB of memory."""
READERS = 2
"""Photos that are decoded at a time; each may hold 300 MB of memory."""

_HOW_TO_UPLOAD = "Send one file as multipart/form-data, in the field `files`."


class UploadRoute:
    """Gradio's upload protocol: one file in, a JSON list with the path of its clean copy out."""

    def __init__(self, store: PhotoStore, refusals: Mapping[str, Refusals]) -> None:
        """Take what to say to too many uploads at a time, and to a file over the limit, by page prefix."""
        self.store = store
        self.refusals = refusals
        self.readers = CapacityLimiter(READERS)
        self.open = 0

    async def __call__(self, request: Request) -> Response:
        """Return the path, or the refusal."""
        _, refusals = refusals_at(request.url.path, self.refusals)
        if self.open >= MAX_UPLOADS:
            return PlainTextResponse(refusals.busy, status_code=503)
        self.open += 1
        try:
            return await self._receive(request, refusals)
        finally:
            self.open -= 1

    async def _receive(self, request: Request, refusals: Refusals) -> Response:
        parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=4)
        parser.spool_max_size = 2 * MAX_FILE_BYTES  # In memory: the file itself never touches the disk.
        try:
            form = await parser.parse()
        except (MultiPartException, ClientDisconnect, KeyError):  # KeyError: no boundary in the content type.
            return PlainTextResponse(_HOW_TO_UPLOAD, status_code=400)
        files = [file for file in form.getlist("files") if not isinstance(file, str)]
        try:
            data = await files[0].read() if files else b""
        finally:
            await form.close()
        if not files:
            return PlainTextResponse(_HOW_TO_UPLOAD, status_code=400)
        if len(data) > MAX_FILE_BYTES:
            return PlainTextResponse(refusals.too_large, status_code=413)
        path = await run_sync(self.store.receive, data, limiter=self.readers)
        return JSONResponse([str(path)])
