"""The page's upload route, in place of Gradio's own, which would keep every file with all its metadata."""

from __future__ import annotations

from collections.abc import Mapping

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.forms import FormReader
from app.guard import MAX_FILE_BYTES
from app.refusals import Refusals, refusals_at
from app.uploads import PhotoStore
from model.errors import PhotoError, RequestError

_HOW_TO_UPLOAD = "Send one file as multipart/form-data, in the field `files`."


class UploadRoute:
    """Gradio's upload protocol: one file in, a JSON list with the path of its clean copy out."""

    def __init__(
        self, store: PhotoStore, refusals: Mapping[str, Refusals], forms: FormReader, *, readers: CapacityLimiter
    ) -> None:
        """Take what to say to too many uploads at a time, and to a file over the limit, by page prefix.

        `readers` is how many photos are decoded at a time.
        """
        self.store = store
        self.refusals = refusals
        self.forms = forms
        self.readers = readers

    async def __call__(self, request: Request) -> Response:
        """Return the path, or the refusal."""
        own_path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        _, refusals = refusals_at(own_path, self.refusals)
        try:
            async with self.forms.reading(request) as form:
                files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
                data = await files[0].read() if files else None
                if data is None:
                    return PlainTextResponse(_HOW_TO_UPLOAD, status_code=400)
                if len(data) > MAX_FILE_BYTES:
                    return PlainTextResponse(refusals.too_large, status_code=413)
                path = await run_sync(self.store.receive, data, limiter=self.readers)
        except PhotoError:
            return PlainTextResponse(refusals.too_large, status_code=413)
        except RequestError as error:
            is_busy = error.code == "busy"
            return PlainTextResponse(refusals.busy if is_busy else _HOW_TO_UPLOAD, status_code=503 if is_busy else 400)
        return JSONResponse([str(path)])
