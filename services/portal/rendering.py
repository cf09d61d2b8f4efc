"""How a page is made: the templates, the reader's language, and the addresses of the style and the scripts."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from services.portal.text import LANGUAGES, translator

HERE = Path(__file__).parent
STATIC = HERE / "static"
COOKIE = "lang"
_YEAR_SECONDS = 365 * 86400


def language(request: Request) -> str:
    """Return the reader's language: what the address asks for, else what was chosen before, else Chinese."""
    asked = (request.query_params.get("lang"), request.cookies.get(COOKIE))
    return next((lang for lang in asked if lang in LANGUAGES), LANGUAGES[0])


class Renderer:
    """Renders templates in the reader's language and keeps the language in a cookie once it was chosen."""

    def __init__(self) -> None:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals["asset"] = _assets().__getitem__
        self._templates = Jinja2Templates(env=environment, context_processors=[_frame])

    def page(self, request: Request, template: str, context: Mapping[str, Any], status: int = 200) -> Response:
        """Return the page of a template."""
        response = self._templates.TemplateResponse(request, template, dict(context), status_code=status)
        if request.query_params.get("lang") in LANGUAGES:
            is_secure = request.url.scheme == "https"
            response.set_cookie(
                COOKIE, language(request), max_age=_YEAR_SECONDS, httponly=True, samesite="lax", secure=is_secure
            )
        return response


def _frame(request: Request) -> dict[str, Any]:
    """Return what every page needs: its language, its sentences, and its own address in the other language."""
    lang = language(request)
    other = next(candidate for candidate in LANGUAGES if candidate != lang)
    switch = request.url.include_query_params(lang=other)
    return {
        "lang": lang,
        "t": translator(lang),
        "other_lang": other,
        "switch_url": f"{switch.path}?{switch.query}",
        "path": request.url.path,
    }


def _assets() -> dict[str, str]:
    """Return the address of each static file; it changes with the content, so that browsers may keep it."""
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for file in STATIC.iterdir()}
    return {name: f"/static/{name}?v={digest}" for name, digest in digests.items()}
