"""Five sliders that move a radial distribution function, with particles to look at and a map of states."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from ..app import composition
from .answers import twin
from .studio import Studio

MAP = ("across", "up")


def routes(studio: Studio) -> APIRouter:
    """``/nanonet``, and what its sliders ask for."""
    router = APIRouter()

    @twin(router, "/nanonet", "nanonet.html", summary="The five numbers of a nanocomposite and their limits")
    def page(request: Request) -> dict[str, Any]:
        composition.shipped()
        return {"title": "Nanocomposites", "sliders": composition.sliders(), "states": composition.states()}

    @router.get("/nanonet/curve.json", summary="g(r) of a composition with its band, first peak and state")
    def curve(request: Request) -> JSONResponse:
        began = time.perf_counter()
        told = composition.curve(composition.composition(_numbers(request)))
        return JSONResponse(told | {"milliseconds": round(1000 * (time.perf_counter() - began), 2)})

    @router.get("/nanonet/map.json", summary="States over two of the five numbers, named by across and up")
    def phase_map(request: Request) -> JSONResponse:
        across, up = (request.query_params.get(name, usual) for name, usual in zip(MAP, ("eps_pn", "rho"), strict=True))
        return JSONResponse(composition.phase_map(composition.composition(_numbers(request)), across, up))

    @router.get("/nanonet/particles.json", summary="Positions of 64 particles after a short Monte Carlo")
    def particles(request: Request) -> JSONResponse:
        return JSONResponse(composition.particles(composition.composition(_numbers(request))))

    return router


def _numbers(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.query_params.items() if name not in MAP}
