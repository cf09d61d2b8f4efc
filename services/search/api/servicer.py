"""The gRPC surface of search. Look-ups run in threads: the engine works outside Python's lock."""

import asyncio
from collections.abc import Awaitable

import grpc
from merchantcredit.search.v1 import search_service_pb2 as pb
from merchantcredit.search.v1.search_service_pb2_grpc import SearchServiceServicer

from services.search.api import convert
from services.search.application.ports import SearchReader
from services.search.domain.query import parse_query


class SearchServicer(SearchServiceServicer):
    """Answers searches from the index of this process."""

    def __init__(self, reader: SearchReader) -> None:
        self._reader = reader

    async def SearchRecords(
        self,
        request: pb.SearchRecordsRequest,
        context: grpc.aio.ServicerContext[pb.SearchRecordsRequest, Awaitable[pb.SearchRecordsResponse]],
    ) -> pb.SearchRecordsResponse:
        """Find records by part of a name, pinyin, initials or a code."""
        query = parse_query(request.query, field="query")
        filters, (offset, limit) = convert.filters(request), convert.page(request)
        found = await asyncio.to_thread(self._reader.search, query, filters=filters, offset=offset, limit=limit)
        return convert.response(request, found, offset + limit)

    async def SuggestRecords(
        self,
        request: pb.SuggestRecordsRequest,
        context: grpc.aio.ServicerContext[pb.SuggestRecordsRequest, Awaitable[pb.SuggestRecordsResponse]],
    ) -> pb.SuggestRecordsResponse:
        """Suggest names while the user types."""
        query = parse_query(request.prefix, field="prefix")
        limit = convert.suggestion_limit(request.limit)
        documents = await asyncio.to_thread(self._reader.suggest, query, limit=limit)
        return pb.SuggestRecordsResponse(suggestions=convert.hits(documents))
