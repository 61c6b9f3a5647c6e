"""Dictionaries to pages: one template environment, JSON twins, and one sentence for whatever goes wrong."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from jinja2 import ChoiceLoader, FileSystemLoader
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from ..app import render
from ..errors import (
    BadParameter,
    Cancelled,
    InputError,
    MissingDependency,
    MorphoscopeError,
    NotFound,
    UnknownFormat,
    UnreadableFile,
    WorkspaceError,
)

HERE = Path(__file__).parent
STATUS: tuple[tuple[type[MorphoscopeError], int], ...] = (
    (NotFound, 404),
    (UnknownFormat, 415),
    (UnreadableFile, 422),
    (BadParameter, 422),
    (InputError, 422),
    (MissingDependency, 501),
    (Cancelled, 409),
    (WorkspaceError, 507),
)
HEADINGS = {401: "Who is there?", 404: "Nothing here", 413: "Too large", 415: "Unknown format", 422: "That does not fit"}


def _environment() -> Any:
    made = render.environment(ChoiceLoader([FileSystemLoader(HERE / "templates"), FileSystemLoader(render.TEMPLATES)]))
    made.globals["static"] = static_address
    return made


@functools.cache
def static_address(name: str) -> str:
    """Address of one of our own style or script files; it changes with the content."""
    return f"/static/{name}?v={hashlib.sha256(static_file(name).read_bytes()).hexdigest()[:8]}"


def static_file(name: str) -> Path:
    """Where the static file ``name`` lies: here, among the report's, or plotly's bundle."""
    if name == "plotly.js":
        return render.plotly_js()
    for folder in (HERE / "static", render.ASSETS):
        if Path(name).name == name and (folder / name).is_file():
            return folder / name
    raise NotFound(f"no static file {name!r}")


def page(request: Request, template: str, data: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """``data`` as HTML."""
    text = ENVIRONMENT.get_template(template).render(path=request.url.path, **data)
    return HTMLResponse(text, status_code=status)


def twin(
    router: APIRouter,
    path: str,
    template: str | Callable[[Mapping[str, Any]], str],
    *,
    summary: str,
    json_path: str = "",
    enrich: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data,
) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., dict[str, Any]]]:
    """
    Serve what the decorated function returns as a page at ``path`` and as JSON at ``path.json``.

    ``template`` may depend on the data; ``enrich`` adds what only the page needs, derived from the data.
    """

    def decorate(make: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        @functools.wraps(make)
        def as_json(*args: Any, **given: Any) -> JSONResponse:
            return JSONResponse(make(*args, **given))

        @functools.wraps(make)
        def as_page(*args: Any, **given: Any) -> HTMLResponse:
            data = make(*args, **given)
            return page(given["request"], template if isinstance(template, str) else template(data), enrich(data))

        router.add_api_route(json_path or f"{path}.json", as_json, summary=summary, response_model=None)
        router.add_api_route(path, as_page, include_in_schema=False, response_model=None)
        return make

    return decorate


def wants_json(request: Request) -> bool:
    """Whether a script asks: by the address, or because it says that it reads JSON and not HTML."""
    accept = request.headers.get("accept", "")
    by_address = request.url.path.endswith(".json") or request.url.path.startswith("/api/")
    return by_address or ("application/json" in accept and "text/html" not in accept)


def refusal(request: Request, status: int, sentence: str) -> Response:
    """One sentence with the right status, as a page or as JSON."""
    if wants_json(request):
        return JSONResponse({"error": sentence, "status": status}, status_code=status)
    data = {"title": HEADINGS.get(status, "That did not work"), "sentence": sentence, "status": status}
    return page(request, "problem.html", data, status=status)


def status_of(error: MorphoscopeError) -> int:
    """The HTTP status of one of our errors."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Make every failure a sentence."""

    async def ours(request: Request, error: Exception) -> Response:
        status = status_of(error) if isinstance(error, MorphoscopeError) else 500
        return refusal(request, status, str(error))

    async def unknown(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, PlainHTTPException) else 500
        words = {404: f"There is no page {request.url.path}.", 405: f"{request.url.path} cannot be asked with {request.method}."}
        given = str(error.detail) if isinstance(error, PlainHTTPException) else ""
        return refusal(request, status, words.get(status, given))

    async def malformed(request: Request, error: Exception) -> Response:
        first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": ("request",), "msg": str(error)}
        return refusal(request, 422, f"{first['loc'][-1]}: {first['msg']}")

    async def defect(request: Request, error: Exception) -> Response:
        return refusal(request, 500, f"The studio failed unexpectedly ({type(error).__name__}); the terminal shows the details.")

    app.add_exception_handler(MorphoscopeError, ours)
    app.add_exception_handler(PlainHTTPException, unknown)
    app.add_exception_handler(HTTPException, unknown)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(Exception, defect)


ENVIRONMENT = _environment()
