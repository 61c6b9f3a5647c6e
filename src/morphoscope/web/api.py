"""The JSON API: one typed POST for each task, its schema made from the task's fields."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..app import TASKS, task_fields
from ..errors import BadParameter, MorphoscopeError
from .studio import Asked, Studio, slug, task_named

STARTED = {
    "type": "object",
    "required": ["run", "state", "page", "report"],
    "properties": {
        "run": {"type": "string", "description": "id of the run"},
        "state": {"enum": ["waiting", "running", "done", "failed", "cancelled", "interrupted"]},
        "page": {"type": "string", "description": "address of the run's page; add .json for its twin"},
        "report": {"type": "string", "description": "address of the report, there when the state is done"},
    },
}
PROBLEM = {"type": "object", "properties": {"error": {"type": "string"}, "status": {"type": "integer"}}}


def request_schema(task: str) -> dict[str, Any]:
    """What may be posted to ask ``task``."""
    known = task_fields(task)
    properties = {name: field.schema() for name, field in known.items()}
    for name, field in known.items():
        if field.kind == "input":
            properties[name]["description"] += "; a reference upload:<digest>/<name> or run:<id>/<file>"
    properties["seed"] = {"type": "integer", "minimum": 0, "default": 0, "description": "random seed"}
    properties["device"] = {"enum": ["auto", "cpu", "cuda"], "default": "auto", "description": "where to compute"}
    required = [field.name for field in known.values() if field.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def routes(studio: Studio) -> APIRouter:
    """``POST /api/run/<task>`` for every task; one that cannot be loaded answers with the reason."""
    router = APIRouter()
    for task, entry in TASKS.items():
        try:
            schema = request_schema(task)
        except MorphoscopeError:
            continue
        answers: dict[int | str, dict[str, Any]] = {
            202: {"description": "started, or found", "content": {"application/json": {"schema": STARTED}}},
            422: {"description": "one sentence on what is wrong", "content": {"application/json": {"schema": PROBLEM}}},
        }
        router.add_api_route(
            f"/api/run/{slug(task)}",
            _starter(studio, task),
            methods=["POST"],
            summary=entry.summary,
            operation_id=f"run_{slug(task).replace('-', '_')}",
            status_code=202,
            response_model=None,
            responses=answers,
            openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
        )

    @router.post("/api/run/{name}", include_in_schema=False, response_model=None)
    async def by_name(request: Request, name: str) -> Response:
        return await _starter(studio, task_named(name))(request)

    return router


def _starter(studio: Studio, task: str) -> Callable[[Request], Awaitable[Response]]:
    async def start(request: Request) -> Response:
        raw = _object(await request.body())
        seed, device = raw.pop("seed", 0), raw.pop("device", "auto")
        if device not in ("auto", "cpu", "cuda"):
            raise BadParameter(f"device: {device!r} is not one of auto, cpu, cuda")
        run_id = await run_in_threadpool(studio.start, Asked(task, raw, seed, device))
        state = (await run_in_threadpool(studio.state, run_id))["state"]
        links = {"page": f"/runs/{run_id}", "report": f"/runs/{run_id}/report.json"}
        return JSONResponse({"run": run_id, "state": state, **links}, status_code=202)

    return start


def _object(body: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(body or b"{}")
    except ValueError:
        raise BadParameter("the request's body is not JSON; send an object with the task's parameters") from None
    if not isinstance(raw, dict):
        raise BadParameter(f"the request's body is a {type(raw).__name__}, not an object with the task's parameters")
    return raw
