"""The first page, uploads, and the page of one uploaded file with its viewer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ..app import TASKS, task_fields
from ..app.preview import companions_of, preview, small, uploads
from ..errors import BadParameter, InputError, NotFound
from .answers import twin, wants_json
from .forms import keep, sent_form
from .run_pages import all_runs
from .studio import Studio, slug
from .task_pages import grouped

LATEST = 5


def routes(studio: Studio) -> APIRouter:
    """``/``, ``/uploads`` and ``/view/<upload>``."""
    router = APIRouter()

    @twin(router, "/", "home.html", json_path="/index.json", summary="Recent uploads, tasks and runs")
    def home(request: Request) -> dict[str, Any]:
        return {
            "title": "morphoscope",
            "uploads": [upload | {"href": address(upload["reference"])} for upload in uploads(studio.workspace, most=8)],
            "groups": grouped(),
            "runs": all_runs(studio)[:LATEST],
            "upload_limit_mb": studio.upload_limit_mb,
        }

    @router.post("/uploads", summary="Upload files that belong together; the answer names each as upload:...")
    async def upload(request: Request) -> Response:
        async with sent_form(request) as form:
            sent = [part for part in form.getlist("file") if isinstance(part, UploadFile) and part.filename]
            if not sent:
                raise BadParameter("file: choose at least one file to upload")
            references = await run_in_threadpool(keep, studio, sent)
        files = [{"reference": r, "name": r.rpartition("/")[2], "href": address(r)} for r in references]
        if wants_json(request):
            return JSONResponse({"files": files, "folder": references[0].rpartition("/")[0]}, status_code=201)
        return RedirectResponse(files[0]["href"], 303)

    @router.get("/view/{digest}/{name}/pixels.png", summary="The image as 8-bit PNG, as the viewer shows it")
    def pixels(digest: str, name: str) -> Response:
        shown = preview(_path(studio, digest, name)).picture
        if shown is None:
            raise NotFound(f"{name} holds no image")
        return Response(shown.content, media_type=shown.mime, headers={"cache-control": "private, max-age=86400"})

    @router.get("/view/{digest}/{name}/thumbnail.png", summary="The image, small")
    def thumbnail(digest: str, name: str) -> Response:
        shown = small(_path(studio, digest, name))
        return Response(shown.content, media_type=shown.mime, headers={"cache-control": "private, max-age=86400"})

    @twin(router, "/view/{digest}/{name}", "view.html", summary="One uploaded file: facts, scale and the tasks that take it")
    def view(request: Request, digest: str, name: str) -> dict[str, Any]:
        return view_page(studio, digest, name)

    return router


def address(reference: str) -> str:
    """The page of an upload."""
    return "/view/" + quote(reference.removeprefix("upload:"))


def view_page(studio: Studio, digest: str, name: str) -> dict[str, Any]:
    """One uploaded file, or a sentence that says why it cannot be shown."""
    reference = f"upload:{digest}/{name}"
    path = _path(studio, digest, name)
    problem, shown = "", {"name": name, "kind": "", "facts": [], "image": {}, "notes": []}
    try:
        shown = preview(path).to_dict()
    except InputError as error:
        problem = str(error)
    together = companions_of(studio.workspace, reference)
    return {
        "title": name,
        "reference": reference,
        **shown,
        "problem": problem,
        "pixels": f"{address(reference)}/pixels.png" if shown["image"] else "",
        "others": [{"name": r.rpartition("/")[2], "href": address(r)} for r in together if r != reference],
        "tasks": [] if problem else tasks_for(reference),
    }


def tasks_for(reference: str) -> list[dict[str, str]]:
    """The tasks that take a file, with the address of their form filled in with this one."""
    found = []
    for task, entry in TASKS.items():
        takes = [f for f in task_fields(task).values() if f.kind == "input" and f.param.accepts != "folder"]
        if takes:
            href = f"/tasks/{slug(task)}?{takes[0].name}={quote(reference)}"
            found.append({"task": task, "summary": entry.summary, "href": href})
    return found


def _path(studio: Studio, digest: str, name: str) -> Any:
    return studio.workspace.inputs.resolve(f"upload:{digest}/{name}", web=True)
