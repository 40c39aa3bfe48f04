"""What programs ask that watch the server: whether it is up, and whether it can take a photo now."""

from __future__ import annotations

from collections.abc import Callable

from anyio.to_thread import run_sync
from starlette.responses import JSONResponse

from app.web.security.refusals import MARK, Refusals
from app.web.uploads.temp_folder import PrivateFolder
from model.errors import OutputError


class Health:
    """`/healthz`: the server is up and its model is loaded."""

    def __init__(self, model_version: str) -> None:
        """Take what is said with it."""
        self.model_version = model_version

    async def __call__(self) -> dict[str, str]:
        """Return the version of the model."""
        return {"status": "ok", "model_version": self.model_version}


class Readiness:
    """`/readyz`: a photo sent now would be looked at."""

    def __init__(self, folder: PrivateFolder, refusals: Refusals, *, is_busy: Callable[[], bool]) -> None:
        """Take where photos are kept, what is said to people, and what says that no more can wait."""
        self.folder = folder
        self.refusals = refusals
        self.is_busy = is_busy

    async def __call__(self) -> JSONResponse:
        """Return 200, or 503 with the reason."""
        if self.is_busy():
            return self._not_ready("busy", "busy")
        try:
            await run_sync(self.folder.tend)
        except OutputError:
            return self._not_ready("cannot write", "failed")
        return JSONResponse({"status": "ready"})

    def _not_ready(self, status: str, code: str) -> JSONResponse:
        body = {"status": status, "detail": self.refusals.say(code)}
        headers = {MARK: self.refusals.words.language, "Retry-After": "60"}
        return JSONResponse(body, status_code=503, headers=headers)
