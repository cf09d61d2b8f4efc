"""The pages: the front page, the results, the record, how the score is made."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.common.clock import Clock, china_day
from services.common.kernel import credit_code
from services.common.kernel.grade import Grade
from services.common.kernel.region import PREFECTURES
from services.portal import grades, labels
from services.portal.code_help import code_help, is_meant_as_code
from services.portal.gateway import Gateway
from services.portal.hits import hit_view, staleness
from services.portal.queries import SearchQuery
from services.portal.records import record_view
from services.portal.rendering import Renderer, language
from services.portal.text import translator

#: More matches than this are not counted exactly (search.proto).
_EXACT_COUNT = 10_000


class Pages:
    """Answers the readers' addresses; PlatformErrors go up to services.portal.failures."""

    def __init__(self, gateway: Gateway, renderer: Renderer, clock: Clock) -> None:
        self._gateway = gateway
        self._renderer = renderer
        self._clock = clock

    async def home(self, request: Request) -> Response:
        """Return the front page: the search box, what the site is, the grades."""
        return self._renderer.page(request, "home.html", _legend(language(request)))

    async def about(self, request: Request) -> Response:
        """Return the page that says how the score is made."""
        lang = language(request)
        return self._renderer.page(request, "about.html", {**_legend(lang), "prose": f"about.{lang}.html"})

    async def search(self, request: Request) -> Response:
        """Return one page of results; without a text, the invitation to type one."""
        query, lang = SearchQuery.of(request.query_params), language(request)
        context = {"query": query, "choices": _choices(lang), "answer": None, "code_hint": None}
        if query.text:
            answer = await self._gateway.search(query.request())
            context |= {
                "answer": answer,
                "hits": [hit_view(hit, lang) for hit in answer.hits],
                "is_many": answer.total_count > _EXACT_COUNT,
                "as_of": staleness(answer.as_of_time, self._clock.now(), translator(lang)),
                "code_hint": code_help(query.text, lang) if is_meant_as_code(query.text) else None,
            }
        return self._renderer.page(request, "search.html", context)

    async def record(self, request: Request) -> Response:
        """Return a record; a code in another writing is led to the normal one, a wrong one is refused with help."""
        typed = request.path_params["code"]
        code = credit_code.parse(typed)
        if code != typed:
            return RedirectResponse(f"/records/{code}", status_code=308)
        lang = language(request)
        dossier = await self._gateway.dossier(code)
        today = china_day(self._clock.now()).isoformat()
        view = record_view(dossier, today, lang, translator(lang))
        return self._renderer.page(request, "record.html", {"record": view})


def _legend(lang: str) -> dict[str, object]:
    version = grades.CURRENT_POLICY
    best_first = list(reversed(grades.bands(version, lang)))
    return {"bands": best_first, "unrated_grade": grades.view("NR", lang), "policy_version": version}


def _choices(lang: str) -> dict[str, object]:
    """Return what the filters offer: grades, best first, and regions by the digits of their code."""
    names = [grade.name for grade in sorted(Grade, reverse=True)]
    return {
        "grades": [grades.view(name, lang) for name in names],
        "regions": [(region.code[:4], labels.place(region.code, lang)) for region in PREFECTURES],
    }
