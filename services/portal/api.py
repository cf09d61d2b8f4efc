"""The JSON API for people: search, suggestions and records, with plain field names and plain numbers."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from merchantcredit.search.v1.search_service_pb2 import RecordHit, SuggestRecordsRequest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.common.clock import Clock, china_day
from services.common.kernel import credit_code
from services.portal import labels
from services.portal.gateway import Dossier, Gateway
from services.portal.lines import lines_of, live_facts
from services.portal.queries import SearchQuery, whole_number
from services.portal.rendering import language

PREFIX = "/api/v1/"
#: proto3's JSON writes 64-bit numbers as texts; all of ours fit a JSON number (below 2^53), so they are written as such.
_NUMBERS = frozenset({"score_millipoints", "amount_millipoints", "fact_count", "revision", "total_count"})


class Api:
    """Answers in JSON; PlatformErrors go up to services.portal.failures."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock

    async def search(self, request: Request) -> Response:
        """Find records: q, grade, region, page_size, page_token."""
        answer = await self._gateway.search(SearchQuery.of(request.query_params).request())
        body = _plain(answer)
        body["hits"] = [_hit(hit, language(request)) for hit in answer.hits]
        return JSONResponse(body)

    async def suggest(self, request: Request) -> Response:
        """Suggest records for what was typed: q, limit."""
        params = request.query_params
        wanted = SuggestRecordsRequest(prefix=params.get("q", "").strip(), limit=whole_number(params, "limit"))
        answer = await self._gateway.suggest(wanted)
        return JSONResponse({"suggestions": [_hit(hit, language(request)) for hit in answer.suggestions]})

    async def record(self, request: Request) -> Response:
        """Return a record with its lines explained."""
        code = credit_code.parse(request.path_params["code"])
        today = china_day(self._clock.now()).isoformat()
        return JSONResponse(record_json(await self._gateway.dossier(code), today))


def record_json(dossier: Dossier, today: str) -> dict[str, Any]:
    """Return a public record on a day (YYYY-MM-DD) as JSON, its lines with their sentences; a digest is written in hex."""
    body = _plain(dossier.record)
    body["facts"] = [_plain(fact) for fact in live_facts(dossier.record, today)]
    body.setdefault("score_millipoints", None)
    body["contributions"] = [
        {**_plain(line), "evidence_digest": line.evidence_digest.hex()} for line in lines_of(dossier)
    ]
    return body


def _hit(hit: RecordHit, lang: str) -> dict[str, Any]:
    body = _plain(hit)
    body.setdefault("score_millipoints", None)
    return {
        **body,
        "region_name": labels.place(hit.region_code, lang),
        "status": labels.status_of_text(hit.status, lang),
        "record_url": f"/records/{hit.credit_code}",
    }


def _plain(message: Message) -> dict[str, Any]:
    body = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    return _numbers(body)


def _numbers(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _number(name, value) for name, value in body.items()}


def _number(name: str, value: Any) -> Any:
    if name == "inputs":
        return {key: int(text) for key, text in value.items()}
    return int(value) if name in _NUMBERS else value
