"""What programs ask that watch the server: whether it is up, and whether it can take a photo now."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from starlette.responses import JSONResponse


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

    def __init__(self, folder: Path, *, is_busy: Callable[[], bool]) -> None:
        """Take where photos are kept, and what says that no more can wait."""
        self.folder = folder
        self.is_busy = is_busy

    async def __call__(self) -> JSONResponse:
        """Return 200, or 503 with the reason."""
        if self.is_busy():
            return JSONResponse({"status": "busy"}, status_code=503, headers={"Retry-After": "60"})
        if not os.access(self.folder, os.W_OK):
            return JSONResponse({"status": "cannot write"}, status_code=503)
        return JSONResponse({"status": "ready"})
