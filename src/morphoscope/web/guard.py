"""
What stands before every page: who may ask, from where, and how much they may send.

The studio listens on this machine only, but other pages in the same browser and other people on the
same machine can reach it too. So the address carries a random token, which becomes a cookie that no
script can read and no other site can send; the Host must be ours (against DNS rebinding); whatever
changes something must come from our own pages.
"""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .answers import refusal

SAFE = {"GET", "HEAD"}
FORM_SLACK_BYTES = 2**20
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class TooLarge(MultiPartException):
    """More bytes came than are allowed; its parent makes the parser of forms close what it had begun to keep."""

    def __init__(self) -> None:
        super().__init__("too large")


class Guard:
    """ASGI middleware; ``token`` is empty when none is asked for."""

    def __init__(self, app: ASGIApp, *, token: str, port: int, limit_mb: int) -> None:
        self._app, self._token, self._limit_mb = app, token, limit_mb
        self._hosts = _hosts(port)
        self.cookie = f"morphoscope_{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on what is allowed."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        request = Request(scope)
        sent = _with_headers(send)
        answer = self._refuse(request) or self._exchange(request)
        if answer is not None:
            await answer(scope, receive, sent)
            return
        await self._app(scope, _counted(receive, self._limit_mb * 2**20 + FORM_SLACK_BYTES), sent)

    def _refuse(self, request: Request) -> Response | None:
        headers = request.headers
        if headers.get("host", "").lower() not in self._hosts:
            return refusal(request, 421, f"This studio answers at http://{self._hosts[0]} only.")
        if request.method not in SAFE and not self._from_ourselves(headers):
            return refusal(request, 403, "This request came from another page; open the studio itself and try again.")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._limit_mb * 2**20 + FORM_SLACK_BYTES:
            return self._too_large(request)
        return None

    def _too_large(self, request: Request) -> Response:
        return refusal(request, 413, too_large_sentence(self._limit_mb))

    def _from_ourselves(self, headers: Headers) -> bool:
        """
        Browsers name the origin of every POST; a script without one must show the token itself.

        Under our own no-referrer policy a form's origin is the word null; then the browser's note on
        the relation of the sites, which no page can forge, decides.
        """
        origin, relation = headers.get("origin", "").lower(), headers.get("sec-fetch-site", "")
        if relation not in ("", "same-origin"):
            return False
        if origin == "null":
            return relation == "same-origin"
        if origin:
            return origin in {f"http://{host}" for host in self._hosts}
        return not self._token or self._is_token(_bearer(headers))

    def _exchange(self, request: Request) -> Response | None:
        """None for those who may come in; the token of the address becomes a cookie and leaves the address."""
        if not self._token or request.url.path.startswith("/static/"):
            return None
        if "token" in request.query_params and request.method in SAFE:
            if not self._is_token(request.query_params["token"]):
                return refusal(request, 403, "The token in the address is not this studio's; use the one the terminal printed.")
            return self._welcome(request)
        if self._is_token(_cookie(request.headers, self.cookie)) or self._is_token(_bearer(request.headers)):
            return None
        return refusal(request, 401, "Open the studio with the whole address that the terminal printed; it carries a token.")

    def _welcome(self, request: Request) -> Response:
        rest = urlencode([(name, value) for name, value in parse_qsl(request.url.query) if name != "token"])
        answer = RedirectResponse("/" + request.url.path.lstrip("/") + (f"?{rest}" if rest else ""), 303)
        answer.set_cookie(self.cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer

    def _is_token(self, given: str) -> bool:
        return bool(self._token) and secrets.compare_digest(given.encode(), self._token.encode())


def too_large_sentence(limit_mb: int) -> str:
    """What someone reads who sends too much."""
    return f"The upload is larger than the limit of {limit_mb} MiB; start the studio with a larger --upload-limit-mb."


def _hosts(port: int) -> tuple[str, ...]:
    names = ("127.0.0.1", "localhost", "[::1]")
    return tuple(f"{name}:{port}" for name in names) + (names if port == 80 else ())


def _bearer(headers: Headers) -> str:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sent


def _counted(receive: Receive, limit: int) -> Receive:
    """``receive`` that gives up after ``limit`` bytes, however the length was announced."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLarge
        return message

    return counted
