"""What a reader meets when something goes wrong: a page, or JSON under /api/, that says what and what to do."""

from collections.abc import Mapping
from typing import Any, cast

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.common.errors import (
    DependencyUnavailable,
    InvalidCreditCode,
    InvalidInput,
    InvalidPageToken,
    LimitExceeded,
    NotFound,
    PlatformError,
)
from services.common.logs import told
from services.portal.api import PREFIX
from services.portal.code_help import code_help
from services.portal.headers import SECURITY_HEADERS
from services.portal.rendering import Renderer, language
from services.portal.text import translator

_SERVER_FAULT = 500
_RETRY_SECONDS = "30"
#: By family: the HTTP status and the key of the page's sentences.
_FAMILIES: tuple[tuple[type[PlatformError], int, str], ...] = (
    (InvalidCreditCode, 400, "error_code"),
    (InvalidPageToken, 400, "error_token"),
    (InvalidInput, 400, "error_request"),
    (NotFound, 404, "error_unknown"),
    (LimitExceeded, 429, "error_busy"),
    (DependencyUnavailable, 503, "error_down"),
    (PlatformError, _SERVER_FAULT, "error_defect"),
)
log = structlog.get_logger()


class Failures:
    """Turns errors into answers."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def platform(self, request: Request, error: Exception) -> Response:
        """Answer a typed error."""
        return self._answer(request, cast("PlatformError", error))

    async def http(self, request: Request, error: Exception) -> Response:
        """Answer what the router refuses: an address that leads nowhere, a method that is not allowed."""
        refused = cast("HTTPException", error)
        missing = NotFound(refused.detail, metadata={"resource_type": "page", "resource_name": request.url.path})
        response = self._answer(request, missing)
        response.status_code = refused.status_code
        response.headers.update(refused.headers or {})
        return response

    async def defect(self, request: Request, error: Exception) -> Response:
        """Answer what nobody foresaw; this answer leaves outside the middleware and brings its headers itself."""
        response = self._answer(request, PlatformError(f"an internal error ({type(error).__name__})"))
        response.headers.update(SECURITY_HEADERS)
        return response

    def _answer(self, request: Request, error: PlatformError) -> Response:
        status, key = _family(error)
        if status >= _SERVER_FAULT:
            log.warning("page_failed", page=_page_name(request), status=status, reason=error.reason, error=told(error))
        if request.url.path.startswith(PREFIX):
            response: Response = JSONResponse(_json(error), status_code=status)
        else:
            response = self._page(request, error, status, key)
        if isinstance(error, DependencyUnavailable | LimitExceeded):
            response.headers["Retry-After"] = _RETRY_SECONDS
        return response

    def _page(self, request: Request, error: PlatformError, status: int, key: str) -> Response:
        t, lang = translator(language(request)), language(request)
        typed = request.path_params.get("code", "")
        context = {
            "status": status,
            "title": t(key),
            "help": "" if key == "error_request" else t(f"{key}_help"),
            "code_help": code_help(typed, lang) if isinstance(error, InvalidCreditCode) else None,
            "typed": typed,
            "violations": error.violations if isinstance(error, InvalidInput) and key == "error_request" else (),
            "request_id": error.metadata.get("request_id", ""),
            "can_retry": isinstance(error, DependencyUnavailable),
        }
        return self._renderer.page(request, "error.html", context, status)


def _page_name(request: Request) -> str:
    """Return the name of the page that was asked for; never its address, in which people type names."""
    return getattr(request.scope.get("endpoint"), "__name__", "")


def _family(error: PlatformError) -> tuple[int, str]:
    if isinstance(error, NotFound) and error.metadata.get("resource_type") == "page":
        return 404, "error_page"
    return next((status, key) for family, status, key in _FAMILIES if isinstance(error, family))


def _json(error: PlatformError) -> Mapping[str, Any]:
    violations = error.violations if isinstance(error, InvalidInput) else ()
    return {
        "error": {
            "reason": error.reason,
            "message": error.message,
            "metadata": dict(error.metadata),
            "fields": [{"field": v.field, "description": v.description} for v in violations],
        }
    }
