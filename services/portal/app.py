"""The portal's web application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from services.common.clock import Clock
from services.common.errors import PlatformError
from services.portal.api import PREFIX, Api
from services.portal.failures import Failures
from services.portal.gateway import Channels, Gateway
from services.portal.headers import HeadersMiddleware
from services.portal.pages import Pages
from services.portal.rendering import STATIC, Renderer


def make_app(channels: Channels, clock: Clock) -> Starlette:
    """Return the portal over channels to registry, credit and search; the caller keeps and closes them.

    A channel belongs to an event loop: make all in the loop that serves the app.
    """
    gateway, renderer = Gateway(channels), Renderer()
    failures = Failures(renderer)
    return Starlette(
        routes=_routes(Pages(gateway, renderer, clock), Api(gateway, clock)),
        middleware=[Middleware(HeadersMiddleware)],
        exception_handlers={
            PlatformError: failures.platform,
            HTTPException: failures.http,
            Exception: failures.defect,
        },
    )


def _routes(pages: Pages, api: Api) -> list[BaseRoute]:
    return [
        Route("/", pages.home),
        Route("/search", pages.search),
        Route("/records/{code}", pages.record),
        Route("/about", pages.about),
        Route(f"{PREFIX}search", api.search),
        Route(f"{PREFIX}suggest", api.suggest),
        Route(f"{PREFIX}records/{{code}}", api.record),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
