"""The page's upload route, in place of Gradio's own, which would keep every file with all its metadata."""

from __future__ import annotations

from collections.abc import Mapping

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.web.security.refusals import Refusals, refusals_at
from app.web.security.request_filter import MAX_FILE_BYTES
from app.web.uploads.multipart import FormReader
from app.web.uploads.store import PhotoStore
from model.errors import PhotoError, RequestError

TICKET = "upload_id"
"""Query parameter by which the page knows an upload of its own."""


class UploadRoute:
    """Gradio's upload protocol: one file in, a JSON list with the path of its clean copy out."""

    def __init__(
        self, store: PhotoStore, refusals: Mapping[str, Refusals], forms: FormReader, *, readers: CapacityLimiter
    ) -> None:
        """Take what is said to an upload that is refused, by page prefix.

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
            async with self.forms.reading(request, ticket=request.query_params.get(TICKET, "")) as form:
                files = [file for file in form.getlist("files") if isinstance(file, UploadFile)]
                data = await files[0].read() if files else None
                if data is None:
                    return refusals.respond("not_a_form")
                if len(data) > MAX_FILE_BYTES:
                    return refusals.respond("file_too_large")
                path = await run_sync(self.store.receive, data, limiter=self.readers)
        except PhotoError as error:
            return refusals.respond(error.code)
        except RequestError as error:
            code = "not_a_form" if error.code == "too_many_photos" else error.code
            return refusals.respond(code, headers={"Retry-After": "60"} if code == "busy" else None)
        return JSONResponse([str(path)])


class WaitingRoute:
    """The place in line of an upload that waits for its turn."""

    def __init__(self, forms: FormReader) -> None:
        """Take what uploads wait for."""
        self.forms = forms

    async def __call__(self, request: Request) -> JSONResponse:
        """Return the place, from 1; 0 for what does not wait."""
        return JSONResponse({"place": self.forms.turns.place(request.query_params.get(TICKET, ""))})
