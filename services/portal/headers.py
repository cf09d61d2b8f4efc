"""The headers that every answer carries: nothing from elsewhere, nothing inline, nothing framed; and the request's id."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.grpc import request_ids

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: Static files carry their digest in their address.
_KEEP = "public, max-age=31536000, immutable"
#: A page depends on the day, the record and the language: ask again each time.
_ASK_AGAIN = "no-cache"


class HeadersMiddleware:
    """Adds the security headers, says what may be kept, and gives the request the id that all its calls have in the logs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and add headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        request_id = request_ids.taken(Headers(scope=scope))
        request_ids.bind(request_id)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), scope, request_id)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add(headers: MutableHeaders, scope: Scope, request_id: str) -> None:
    headers.update(SECURITY_HEADERS)
    headers[request_ids.HEADER] = request_id
    is_kept = scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v=")
    headers.setdefault("Cache-Control", _KEEP if is_kept else _ASK_AGAIN)
    headers.add_vary_header("Cookie")
