"""Drop images, see each judged, correct what is wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ..app import judgements
from ..app.preview import preview, small
from ..errors import BadParameter, MorphoscopeError, NotFound
from .answers import page, status_of, twin, wants_json
from .forms import keep, sent_form
from .run_pages import run_page
from .studio import Asked, Studio

KEPT = {"cache-control": "private, max-age=86400"}
LATEST = 6


def routes(studio: Studio) -> APIRouter:
    """``/judge`` to drop images on, and ``/judge/<run>`` to look at what came of them."""
    router = APIRouter()

    @twin(router, "/judge", "judge.html", summary="Models that images can be judged by, and the latest judgements")
    def judge(request: Request) -> dict[str, Any]:
        return drop_page(studio, chosen=request.query_params.get("model", ""))

    @router.post("/judge", include_in_schema=False)
    async def start(request: Request) -> Response:
        async with sent_form(request) as form:
            return await run_in_threadpool(_start, studio, request, form)

    @twin(router, "/judge/{run_id}", "judged.html", summary="One judgement: every image with its answer and its correction")
    def judged(request: Request, run_id: str) -> dict[str, Any]:
        return judged_page(studio, run_id)

    @router.get("/judge/{run_id}/{number}/{size}.png", include_in_schema=False)
    def picture(run_id: str, number: int, size: str) -> Response:
        path = judgements.picture_of(studio.workspace, run_id, number)
        shown = small(path) if size == "small" else preview(path).picture
        if shown is None:
            raise NotFound(f"{path.name} holds no image")
        return Response(shown.content, media_type=shown.mime, headers=KEPT)

    @router.post("/judge/{run_id}/{number}", summary="Correct the label of one image; an empty label takes it back")
    async def correct(request: Request, run_id: str, number: int) -> Response:
        async with sent_form(request) as form:
            label = str(form.get("label") or "")
        await run_in_threadpool(judgements.correct, studio.workspace, run_id, number, label)
        if wants_json(request):
            return JSONResponse({"number": number, "corrected": label, "kept": len(studio.workspace.corrections.all())})
        return RedirectResponse(f"/judge/{quote(run_id)}#image-{number}", 303)

    @router.post("/judge/{run_id}/{number}/why", summary="Start the explanation of one judgement; the answer names its run")
    def why(run_id: str, number: int) -> Response:
        task, raw = judgements.why(studio.workspace, run_id, number)
        started = studio.start(Asked(task, raw, 0, "auto"))
        return JSONResponse({"run": started, "page": f"/runs/{started}"}, status_code=202)

    return router


def drop_page(studio: Studio, *, chosen: str = "", problem: str = "") -> dict[str, Any]:
    """The page that images are dropped on."""
    latest = [info for info in studio.workspace.shelf.all() if info.task in judgements.TASKS and info.state == "done"]
    return {
        "title": "Judge images",
        "models": [
            {"name": m.name, "reference": m.reference, "classes": list(m.classes), "honest": m.honest}
            for m in judgements.choices(studio.workspace)
        ],
        "chosen": chosen,
        "problem": problem,
        "latest": [{"id": info.id, "title": info.title, "started": info.started} for info in latest[:LATEST]],
        "corrections": len(studio.workspace.corrections.all()),
        "upload_limit_mb": studio.upload_limit_mb,
    }


def judged_page(studio: Studio, run_id: str) -> dict[str, Any]:
    """A judgement under way, failed, or finished with its images."""
    run = run_page(studio, run_id)
    run.pop("report")
    done = run["state"] == "done"
    found = judgements.judgement(studio.workspace, run_id) if done else None
    return {**run, "judgement": found, "corrections": len(studio.workspace.corrections.all())}


def _start(studio: Studio, request: Request, form: FormData) -> Response:
    chosen = str(form.get("model") or "")
    try:
        sent = [part for part in form.getlist("file") if isinstance(part, UploadFile) and part.filename]
        if not sent:
            raise BadParameter("choose at least one image to judge")
        model = judgements.chosen(studio.workspace, chosen)
        raw: dict[str, Any] = {"files": keep(studio, sent)} | ({"model": chosen} if chosen else {})
        run_id = studio.start(Asked(judgements.task_of(model), raw, 0, "auto"))
    except MorphoscopeError as error:
        if wants_json(request):
            raise
        return page(request, "judge.html", drop_page(studio, chosen=chosen, problem=str(error)), status=status_of(error))
    return RedirectResponse(f"/judge/{run_id}", 303)
