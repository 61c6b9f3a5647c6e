"""The studio: one process on this machine that serves one workspace to one person's browser."""

from __future__ import annotations

import contextlib
import errno
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from .. import __version__
from ..app import Jobs, Workspace
from ..errors import WorkspaceError
from . import api, home, judge_pages, nanonet_pages, run_pages, task_pages
from .answers import install, refusal, static_file
from .guard import Guard, TooLarge, too_large_sentence
from .studio import Studio

HOST = "127.0.0.1"
STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
BACKLOG = 128


def create_app(workspace: Workspace, *, token: str = "", port: int = 8765, upload_limit_mb: int = 512) -> FastAPI:
    """The application; ``token`` is empty when none is asked for, ``port`` the one that addresses name."""
    jobs = Jobs(workspace)
    studio = Studio(workspace, jobs, upload_limit_mb)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        jobs.close()

    app = FastAPI(
        title="morphoscope studio",
        version=__version__,
        description="Material properties out of micrographs; every page has a JSON twin.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    install(app)

    async def too_large(request: Request, error: Exception) -> Response:
        return refusal(request, 413, too_large_sentence(upload_limit_mb))

    app.add_exception_handler(TooLarge, too_large)
    app.add_middleware(Guard, token=token, port=port, limit_mb=upload_limit_mb)

    @app.get("/static/{name}", include_in_schema=False)
    def static(request: Request, name: str) -> Response:
        path = static_file(name)
        keep = "private, max-age=31536000, immutable" if "v" in request.query_params else "no-cache"
        kind = STATIC_TYPES.get(path.suffix, "application/octet-stream")
        return FileResponse(path, media_type=kind, headers={"cache-control": keep})

    for part in (api, home, judge_pages, nanonet_pages, task_pages, run_pages):
        app.include_router(part.routes(studio))
    app.state.studio = studio
    return app


def serve(
    workspace: Workspace, *, port: int = 8765, token: bool = True, open_browser: bool = True, upload_limit_mb: int = 512
) -> None:
    """Serve ``workspace`` on this machine until Ctrl-C; port 0 takes any free one."""
    listening = _listen(port)
    port = listening.getsockname()[1]
    word = secrets.token_urlsafe(24) if token else ""
    app = create_app(workspace, token=word, port=port, upload_limit_mb=upload_limit_mb)
    address = f"http://{HOST}:{port}/" + (f"?token={word}" if word else "")
    sys.stdout.write(f"The studio is at {address}\nIts runs are kept in {workspace.root}. Ctrl-C stops it.\n")
    sys.stdout.flush()
    if open_browser:
        threading.Timer(0.5, webbrowser.open, (address,)).start()
    settings = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=3)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(settings).run([listening])


def _listen(port: int) -> socket.socket:
    """A socket on this machine alone, or one sentence."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        what = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        raise WorkspaceError(f"port {port} {what}; choose another with --port, or --port 0 for any free one") from None
    return listening
