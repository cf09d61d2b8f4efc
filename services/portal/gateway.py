"""The three services behind the page: calls with a deadline, and their statuses as typed errors."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import grpc
import structlog
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from merchantcredit.credit.v1 import credit_service_pb2, credit_service_pb2_grpc, record_pb2
from merchantcredit.registry.v1 import registry_service_pb2, registry_service_pb2_grpc
from merchantcredit.search.v1 import search_service_pb2, search_service_pb2_grpc

from services.common import errors
from services.common.errors import DependencyUnavailable, FieldViolation, InvalidInput, NotFound, PlatformError
from services.common.grpc import request_ids

DEADLINE_SECONDS = 5.0
_FAMILIES: dict[str, type[PlatformError]] = {
    family.reason: family
    for family in (
        *(errors.InvalidInput, errors.InvalidCreditCode, errors.InvalidPageToken, errors.NotFound),
        *(errors.LimitExceeded, errors.DependencyUnavailable),
    )
}
_BY_CODE: dict[grpc.StatusCode, type[PlatformError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidInput,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.LimitExceeded,
    grpc.StatusCode.UNAVAILABLE: DependencyUnavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DependencyUnavailable,
}
_Answer = TypeVar("_Answer")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Dossier:
    """What the services tell of one enterprise; `registration` is None when the registry does not know the code."""

    record: record_pb2.PublicRecord
    explanation: credit_service_pb2.ExplainScoreResponse
    registration: registry_service_pb2.Enterprise | None
    registry_answers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The channels to the services; one and the same where they share an address."""

    registry: grpc.aio.Channel
    credit: grpc.aio.Channel
    search: grpc.aio.Channel


class Gateway:
    """Calls registry, credit and search; every method raises a PlatformError of the closed list."""

    def __init__(self, channels: Channels) -> None:
        self._registry = registry_service_pb2_grpc.RegistryServiceStub(channels.registry)
        self._credit = credit_service_pb2_grpc.CreditServiceStub(channels.credit)
        self._search = search_service_pb2_grpc.SearchServiceStub(channels.search)

    async def search(
        self, request: search_service_pb2.SearchRecordsRequest
    ) -> search_service_pb2.SearchRecordsResponse:
        """Find records."""
        return await _ask(self._search.SearchRecords, request)

    async def suggest(
        self, request: search_service_pb2.SuggestRecordsRequest
    ) -> search_service_pb2.SuggestRecordsResponse:
        """Suggest records for the beginning of a name."""
        return await _ask(self._search.SuggestRecords, request)

    async def dossier(self, code: str) -> Dossier:
        """Read record, explanation and registration of a code at once; raises NotFound when credit does not know it."""
        record, explanation, (registration, answers) = await asyncio.gather(
            self._record(code), self._explanation(code), self._registration(code)
        )
        return Dossier(record, explanation, registration, answers)

    async def _record(self, code: str) -> record_pb2.PublicRecord:
        request = credit_service_pb2.GetCreditRecordRequest(credit_code=code)
        return (await _ask(self._credit.GetCreditRecord, request)).record

    async def _explanation(self, code: str) -> credit_service_pb2.ExplainScoreResponse:
        request = credit_service_pb2.ExplainScoreRequest(credit_code=code)
        return await _ask(self._credit.ExplainScore, request)

    async def _registration(self, code: str) -> tuple[registry_service_pb2.Enterprise | None, bool]:
        """Return the registration and whether the registry answers: the record is worth showing without it."""
        request = registry_service_pb2.GetEnterpriseRequest(credit_code=code)
        try:
            return (await _ask(self._registry.GetEnterprise, request)).enterprise, True
        except NotFound:
            return None, True
        except DependencyUnavailable:
            return None, False


async def _ask(method: Callable[..., Awaitable[_Answer]], request: Message) -> _Answer:
    """Call a service under the id of the page's own request."""
    try:
        return await method(request, timeout=DEADLINE_SECONDS, metadata=request_ids.forwarded())
    except grpc.aio.AioRpcError as error:
        raise typed(error) from error


def typed(error: grpc.aio.AioRpcError) -> PlatformError:
    """Return the typed error of a status: by its ErrorInfo, else by its code, and INTERNAL for all other codes.

    A status without ErrorInfo is the transport's, and its text may name addresses: it goes to the log only.
    """
    info, violations = _details(error)
    family = _FAMILIES.get(info.reason) or _BY_CODE.get(error.code(), PlatformError)
    message, metadata = error.details() or "", dict(info.metadata)
    if not info.reason:
        log.warning("call_failed", code=error.code().name, details=message)
        message = "a service behind the portal does not answer as it should: retry"
    if issubclass(family, InvalidInput):
        return family(message, metadata=metadata, violations=violations)
    return family(message, metadata=metadata)


def _details(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, list[FieldViolation]]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # it reads what both kinds of call have
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details if status else ():
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(bad.DESCRIPTOR):
            detail.Unpack(bad)
    return info, [FieldViolation(field=v.field, description=v.description) for v in bad.field_violations]
