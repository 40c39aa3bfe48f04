"""The labelling page as a web application: the page, what it asks and says, and pictures.

Plain HTML and one script instead of Gradio: each of Gradio's events goes through its queue and comes back as a stream,
and its picture component cannot load the next photo ahead, so that a reader would wait for every photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from app.answers.words import Words
from app.labelling.agreement import agreements
from app.labelling.choices import BLEEDING, BODY_SITES, MONK, choices_of
from app.labelling.desk import Desk, bad_name, is_reader
from app.labelling.journal import Act, Kind, now
from app.labelling.manifest import write_manifest
from app.labelling.pictures import Pictures
from app.labelling.protection import Protection
from app.labelling.survey import Surveyed
from app.web.problems import problem, request_error
from app.web.security.auth import BasicAuth, Login
from app.web.security.refusals import Refusals
from model.errors import RedspotsError

STATIC = Path(__file__).parent / "static"

Reader = Annotated[str, Query(max_length=40)]


class ActBody(BaseModel):
    """What the page sends when a key is pressed."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=64)
    reader: str = Field(max_length=40)
    kind: Literal["label", "skip", "note", "settle", "undo"]
    photo: str = Field(default="", max_length=64)
    value: str = Field(default="", max_length=100)
    field: str = Field(default="", max_length=40)
    is_sure: bool = True
    saw_evidence: bool = False
    seconds: float | None = Field(default=None, ge=0, le=1e6, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class LabellingPage:
    """All that the page shows and takes."""

    desk: Desk
    pictures: Pictures
    words: Words
    """For the intended use and the referral."""
    model_version: str
    folder: Path
    """Where manifests are written."""
    reader: str = ""
    """Name that is filled in for whoever opens the page; empty for none."""


def create_labelling(page: LabellingPage, *, login: Login | None, hosts: frozenset[str]) -> FastAPI:
    """Return the web application. With a `login`, nothing is there for anybody else; see `Protection` for `hosts`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    html = _html(page)
    app.add_api_route("/", lambda: HTMLResponse(html), methods=["GET"])
    _add_desk(app, page)
    _add_pictures(app, page)
    app.mount("/static", StaticFiles(directory=STATIC))
    _add_refusals(app, page.words)
    if login is not None:
        app.add_middleware(BasicAuth, login=login, spoken=[page.words])
    app.add_middleware(Protection, refusals=Refusals(page.words), hosts=hosts)
    return app


def _add_desk(app: FastAPI, page: LabellingPage) -> None:
    desk = page.desk

    def state(reader: str) -> dict[str, Any]:
        turns, progress = desk.turns(reader)
        return {"turns": [asdict(turn) for turn in turns], "progress": asdict(progress)}

    @app.get("/api/desk")
    def next_photos(reader: Reader) -> dict[str, Any]:
        return state(_checked(reader))

    @app.post("/api/acts")
    def act(body: ActBody) -> dict[str, Any]:
        desk.take(Act(**body.model_dump(exclude={"kind"}), kind=Kind(body.kind), at=now()))
        return state(body.reader)

    @app.get("/api/agreement")
    def agreement(reader: Reader) -> dict[str, Any]:
        _checked(reader)
        return {
            "pairs": [asdict(pair) for pair in agreements(desk.readings)],
            "differing": [_differing(desk, photo) for photo in desk.differing()],
            "progress": asdict(desk.progress(reader)),
        }

    @app.post("/api/manifest")
    def manifest(body: Mapping[str, Any]) -> dict[str, Any]:
        path = page.folder / f"manifest-{datetime.now(UTC):%Y%m%d-%H%M%S}.csv"
        photos = list(desk.photos.values())
        written = write_manifest(path, photos, desk.readings, model_version=page.model_version)
        return {"path": str(path), **asdict(written)}


def _differing(desk: Desk, photo: str) -> dict[str, Any]:
    labels = desk.readings.labels(photo)
    said = [{"reader": name, "category": act.value, "is_sure": act.is_sure} for name, act in sorted(labels.items())]
    return {"photo": photo, "readings": said, "fields": desk.readings.agreed_fields(photo)}


def _add_pictures(app: FastAPI, page: LabellingPage) -> None:
    def picture(photo: str, make: Callable[[Surveyed], bytes | None]) -> Response:
        surveyed = page.desk.photos.get(photo)
        data = make(surveyed) if surveyed else None
        if data is None:
            raise request_error("not_found", page.words)
        return Response(data, media_type="image/jpeg")

    @app.get("/photos/{photo}.jpg")
    def shown(photo: str) -> Response:
        return picture(photo, page.pictures.photo)

    @app.get("/full/{photo}.jpg")
    def full(photo: str) -> Response:
        return picture(photo, page.pictures.full)

    @app.get("/evidence/{photo}.jpg")
    def evidence(photo: str) -> Response:
        return picture(photo, page.pictures.evidence)


def _add_refusals(app: FastAPI, words: Words) -> None:
    @app.exception_handler(RedspotsError)
    def refuse(request: Request, error: RedspotsError) -> JSONResponse:
        return problem(error, words)

    @app.exception_handler(RequestValidationError)
    def refuse_body(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request_error("malformed", words), words)

    @app.exception_handler(HTTPException)
    def refuse_address(request: Request, error: HTTPException) -> JSONResponse:
        code = "method_not_allowed" if error.status_code == 405 else "not_found"
        return problem(request_error(code, words), words)


def _checked(reader: str) -> str:
    if not is_reader(reader):
        raise bad_name()
    return reader


def _html(page: LabellingPage) -> str:
    environment = Environment(
        loader=PackageLoader("app.labelling"), autoescape=select_autoescape(), undefined=StrictUndefined
    )
    words, desk = page.words, page.desk
    # Readers know the terms; the names in `words` are for those who do not, and long.
    choices = [
        {"category": one.category, "key": one.key, "name": one.category.replace("_", " ")}
        for one in choices_of(desk.categories)
    ]
    fields: Mapping[str, Sequence[str]] = {"body_site": BODY_SITES, "bleeding": BLEEDING}
    setup = {"choices": choices, "monk": MONK, "fields": fields, "reader": page.reader}
    return environment.get_template("label.html").render(
        setup=setup,
        choices=choices,
        readers=desk.readings.readers(),
        referral=words.refuse("").strip(),
    )
