"""The list of runs, and each run: under way, finished or failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from ..app import TASKS, Report, RunInfo, judgements, render, task_fields
from ..app.pages import page_of
from ..app.preview import reference_to
from ..errors import MorphoscopeError, NotFound
from .answers import twin
from .forms import text_of
from .studio import Studio, slug

SHOWN_INLINE = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
UNTRUSTED = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"}


def routes(studio: Studio) -> APIRouter:
    """``/runs``, ``/runs/<id>`` and what belongs to a run."""
    router = APIRouter()
    shelf = studio.workspace.shelf

    @twin(router, "/runs", "runs.html", summary="Runs, newest first; filter with state= and q=")
    def runs(request: Request, state: str = "", q: str = "") -> dict[str, Any]:
        words = q.lower().split()
        known = [r for r in all_runs(studio) if not state or r["state"] == state]
        kept = [r for r in known if all(w in f"{r['id']} {r['task']} {r['title']}".lower() for w in words)]
        return {"title": "Runs", "runs": kept, "state": state, "q": q}

    def template(data: Mapping[str, Any]) -> str:
        return "run.html" if data["report"] else "progress.html"

    def enrich(data: dict[str, Any]) -> dict[str, Any]:
        return data | ({"shown": _shown(studio, data["id"])} if data["report"] else {})

    @twin(router, "/runs/{run_id}", template, summary="One run: its state and, when finished, its report", enrich=enrich)
    def run(request: Request, run_id: str) -> dict[str, Any]:
        return run_page(studio, run_id)

    @router.get("/runs/{run_id}/progress.json", summary="State and progress of one run")
    def progress(run_id: str) -> dict[str, Any]:
        return studio.state(run_id)

    @router.get("/runs/{run_id}/report.json", summary="The report, exactly as the command line's --json prints it")
    def report(run_id: str) -> Response:
        return Response(shelf.report(run_id).to_json(), media_type="application/json")

    @router.get("/runs/{run_id}/report.html", summary="The report as one page that opens offline")
    def offline(run_id: str) -> Response:
        name = {"content-disposition": f'attachment; filename="{run_id}.html"'}
        return HTMLResponse(page_of(studio.workspace, run_id), headers=name | UNTRUSTED)

    @router.get("/runs/{run_id}/files/{name:path}", summary="A file of a finished run")
    def file(run_id: str, name: str) -> Response:
        path = shelf.file(run_id, name)
        inline = SHOWN_INLINE.get(path.suffix.lower())
        how = "inline" if inline else "attachment"
        return FileResponse(
            path,
            media_type=inline or "application/octet-stream",
            filename=path.name,
            content_disposition_type=how,
            headers=UNTRUSTED,
        )

    @router.get("/runs/{run_id}/pictures/{name:path}", summary="A file of a finished run as a picture that browsers show")
    def picture(run_id: str, name: str) -> Response:
        shown = render.picture(shelf.file(run_id, name))
        return Response(shown.content, media_type=shown.mime, headers={"cache-control": "private, max-age=86400", **UNTRUSTED})

    @router.post("/runs/{run_id}/cancel", include_in_schema=False)
    def cancel(request: Request, run_id: str) -> Response:
        studio.jobs.cancel(run_id)
        return RedirectResponse(f"/runs/{run_id}", 303)

    @router.post("/api/runs/{run_id}/cancel", summary="Stop a run that was started here")
    def cancel_by_script(run_id: str) -> Response:
        studio.jobs.cancel(run_id)
        return JSONResponse(studio.state(run_id))

    return router


def all_runs(studio: Studio) -> list[dict[str, Any]]:
    """What the workspace holds, and what was asked here but left nothing behind."""
    known = [_plain(info) for info in studio.workspace.shelf.all()]
    ids = {run["id"] for run in known}
    here = [_asked(studio, run_id) for run_id in reversed(studio.asked) if run_id not in ids]
    for run in known:
        if run["state"] != "done" and run["id"] in studio.asked:
            run |= {key: studio.state(run["id"])[key] for key in ("state", "error")}
    return here + known


def run_page(studio: Studio, run_id: str) -> dict[str, Any]:
    """One run for its page; ``report`` is None until it is finished."""
    report = studio.workspace.shelf.finished(run_id)
    try:
        info = _plain(studio.workspace.shelf.info(run_id))
    except NotFound:
        if run_id not in studio.asked:
            raise
        info = _asked(studio, run_id)
    job = studio.state(run_id)
    job.pop("id", None)
    return {
        **info,
        "title": info["title"] or info["task"],
        "job": job if report is None else None,
        "state": info["state"] if report is not None else job["state"],
        "here": run_id in studio.asked,
        "again": again(studio, run_id, info),
        "judged": f"/judge/{run_id}" if report is not None and info["task"] in judgements.TASKS else "",
        "report": None if report is None else report.to_dict(),
    }


def _plain(info: RunInfo) -> dict[str, Any]:
    plain = dataclasses.asdict(info)
    return plain | {"children": list(info.children)}


def _asked(studio: Studio, run_id: str) -> dict[str, Any]:
    """A run that is not in the workspace (yet, or any more), from what was asked here."""
    question, job = studio.asked[run_id], studio.state(run_id)
    info = RunInfo(run_id, question.task, "running", seed=question.seed, parameters=dict(question.raw), error=job["error"])
    return _plain(info) | {"state": job["state"]}


def again(studio: Studio, run_id: str, info: Mapping[str, Any]) -> str:
    """Address of the form filled in as for this run; "" when its task is gone."""
    if info["task"] not in TASKS:
        return ""
    query: list[tuple[str, str]] = []
    for field in task_fields(info["task"]).values():
        value = info["parameters"].get(field.name)
        for item in value if isinstance(value, list) else [value]:
            text = text_of(item)
            known = text in field.param.words or text.startswith(("upload:", "run:")) or studio.workspace.inputs.named(text)
            if field.kind == "input" and not known:
                text = reference_to(studio.workspace, text) if text else ""
            if text:
                query.append((field.name, text))
    if info["seed"]:
        query.append(("seed", str(info["seed"])))
    return f"/tasks/{slug(info['task'])}?{urlencode(query)}" if query else f"/tasks/{slug(info['task'])}"


def _shown(studio: Studio, run_id: str) -> list[dict[str, Any]]:
    """The report and those of the runs it asked, for the report's template."""
    shelf = studio.workspace.shelf
    views = []
    children = () if render.layout_of(shelf.report(run_id)) == "sheet" else shelf.info(run_id).children
    for index, one in enumerate((run_id, *children)):
        try:
            report = shelf.report(one)
        except MorphoscopeError:
            continue
        views.append(_view(report, shelf.folder(one), one, f"s{index}"))
    return views


def _view(report: Report, folder: Any, run_id: str, anchor: str) -> dict[str, Any]:
    return render.view(
        report,
        folder,
        picture_link=lambda name: f"/runs/{run_id}/pictures/{quote(report.files.get(name, name))}",
        file_link=lambda inner: f"/runs/{run_id}/files/{quote(inner)}",
        anchor=anchor,
    )
