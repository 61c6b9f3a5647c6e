"""The list of tasks, and a form for each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ..app import GROUPS, TASKS, task_fields
from ..errors import MorphoscopeError
from . import forms
from .answers import page, status_of, twin, wants_json
from .studio import Asked, Studio, slug, task_named


def grouped() -> list[dict[str, Any]]:
    """Every task, by workflow; those of one word come first."""
    groups: dict[str, list[dict[str, str]]] = {}
    for task, entry in TASKS.items():
        group, _, rest = task.partition(" ")
        groups.setdefault(group if rest else "", []).append(
            {"task": task, "name": rest or task, "summary": entry.summary, "href": f"/tasks/{slug(task)}"}
        )
    return [{"group": group, "about": GROUPS.get(group, ""), "tasks": groups[group]} for group in sorted(groups)]


def form_page(studio: Studio, task: str, asked: Asked | None, errors: dict[str, str], problem: str = "") -> dict[str, Any]:
    """The form of ``task``, filled in with ``asked``."""
    fields = [forms.describe(field) for field in task_fields(task).values()]
    raw = asked.raw if asked else {}
    for field in fields:
        value = raw.get(field["name"])
        field["error"] = errors.get(field["name"], "")
        field["value"] = field["default"] if value is None else forms.text_of(value)
        field["chosen"] = value if isinstance(value, list) else [value] if value else []
    inputs = any(field["kind"] == "input" for field in fields)
    return {
        "title": task,
        "task": task,
        "slug": slug(task),
        "summary": TASKS[task].summary,
        "fields": fields,
        "seed": asked.seed if asked else 0,
        "device": asked.device if asked else "auto",
        "files": forms.offered(studio) if inputs else [],
        "problem": problem,
        "upload_limit_mb": studio.upload_limit_mb,
    }


def routes(studio: Studio) -> APIRouter:
    """``/tasks``, ``/tasks/<task>`` and what its form sends."""
    router = APIRouter()

    @twin(router, "/tasks", "tasks.html", summary="Every task, by workflow")
    def tasks(request: Request) -> dict[str, Any]:
        return {"title": "Tasks", "groups": grouped()}

    @twin(router, "/tasks/{name}", "task.html", summary="One task: its parameters with units, limits and defaults")
    def task(request: Request, name: str) -> dict[str, Any]:
        found = task_named(name)
        raw = forms.given_from(found, request.query_params)
        asked = forms.asked_from(found, request.query_params, raw)
        known = set(task_fields(found)) & set(request.query_params)
        return form_page(studio, found, asked, {k: v for k, v in forms.problems(studio, found, raw).items() if k in known})

    @router.post("/tasks/{name}/check", summary="The sentence for each parameter that cannot stand as it is")
    async def check(request: Request, name: str) -> Response:
        found = task_named(name)
        async with forms.sent_form(request) as form:
            raw = forms.given_from(found, form)
        return JSONResponse({"problems": await run_in_threadpool(forms.problems, studio, found, raw)})

    @router.post("/tasks/{name}", include_in_schema=False)
    async def submit(request: Request, name: str) -> Response:
        found = task_named(name)
        async with forms.sent_form(request) as form:
            return await run_in_threadpool(_submit, studio, request, found, form)

    return router


def _submit(studio: Studio, request: Request, task: str, form: Any) -> Response:
    """Start the run and lead to its page, or show the form again with what is wrong."""
    raw: dict[str, Any] = forms.given_from(task, form)
    asked = Asked(task, raw, 0, "auto")
    try:
        raw |= forms.keep_files(studio, task, form)
        asked = forms.asked_from(task, form, raw)
        run_id = studio.start(asked)
    except MorphoscopeError as error:
        if wants_json(request):
            raise
        errors = forms.problems(studio, task, raw)
        problem = "" if str(error) in errors.values() else str(error)
        return page(request, "task.html", form_page(studio, task, asked, errors, problem), status=status_of(error))
    return RedirectResponse(f"/runs/{run_id}", 303)
