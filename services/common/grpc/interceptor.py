"""The one interceptor: makes the Actor from the token, checks the method's roles, and turns errors into statuses."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

import grpc
import psycopg
import structlog
from google.protobuf.message import Message
from google.rpc import code_pb2
from grpc_status import rpc_status
from psycopg_pool import PoolTimeout

from services.common.auth.actor import PUBLIC_ACTOR, Actor, Role
from services.common.auth.tokens import Verifier
from services.common.errors import DependencyUnavailable, Forbidden, InvalidInput, PlatformError, Unauthenticated
from services.common.grpc import request_ids
from services.common.grpc.status import status_of
from services.common.telemetry import metrics, names, traces
from services.common.wire import check_texts

#: Which roles may call a method, by its full name such as /package.Service/Method.
Access = Mapping[str, frozenset[Role]]
EVERYBODY = frozenset(Role)
#: Ends of a call that are our fault or an engine's, and are logged.
UNEXPECTED = frozenset({"INTERNAL", "UNKNOWN", "UNAVAILABLE"})
OPEN_SERVICES = ("/grpc.health.v1.Health/", "/grpc.reflection.")

log = structlog.get_logger()
_actor: ContextVar[Actor] = ContextVar("actor", default=PUBLIC_ACTOR)


def current_actor() -> Actor:
    """Return the caller of the present call."""
    return _actor.get()


class ActorInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc, unused-ignore]
    """Wraps every method of the platform's services."""

    def __init__(self, verifier: Verifier, access: Access) -> None:
        self._verifier = verifier
        self._access = access

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Return the method's handler, guarded; health and reflection are open."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or method.startswith(OPEN_SERVICES):
            return handler
        call = _Call(method, dict(handler_call_details.invocation_metadata), self._verifier, self._access)
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                call.traced(call.unary(handler.unary_unary)), handler.request_deserializer, handler.response_serializer
            )
        return grpc.unary_stream_rpc_method_handler(
            call.stream(handler.unary_stream), handler.request_deserializer, handler.response_serializer
        )


class _Call:
    """One call: who makes it, whether it may, and what becomes of its errors."""

    def __init__(self, method: str, metadata: dict[str, Any], verifier: Verifier, access: Access) -> None:
        self._method = method
        self._metadata = metadata
        self._verifier = verifier
        self._access = access
        self._request_id = request_ids.taken(metadata)
        self._subject = ""
        self._began = time.perf_counter()

    def _admit(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        request_ids.bind(self._request_id)
        context.set_trailing_metadata([request_ids.returned(self._request_id)])
        actor = self._authenticate()
        self._subject = actor.subject
        if not actor.has(*self._access.get(self._method, frozenset())):
            if actor is PUBLIC_ACTOR:
                raise Unauthenticated("this method needs a token: send `authorization: Bearer <token>`")
            raise Forbidden(
                f"{self._method} is not open to the roles {sorted(actor.roles)}", metadata={"method": self._method}
            )
        _actor.set(actor)

    def _authenticate(self) -> Actor:
        header = str(self._metadata.get("authorization", ""))
        if not header:
            return PUBLIC_ACTOR
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("send `authorization: Bearer <token>`")
        return self._verifier.actor(token.strip())

    def traced(self, behaviour: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """Span the call, while traces are on; a stream is no step on an event's way."""

        async def spanned(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            parent = str(self._metadata.get(traces.W3C, ""))
            with traces.call(self._method.removeprefix("/"), parent, self._request_id):
                return await behaviour(request, context)

        return spanned if traces.is_on() else behaviour

    def unary(self, behaviour: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            try:
                self._admit(context)
                answer = await behaviour(request, context)
                self._ended("OK")
            except asyncio.CancelledError:
                self._ended("CANCELLED")
                raise
            except Exception as error:  # noqa: BLE001 - every error becomes a status, unknown ones are logged
                await self._abort(context, _named(error, request))
            else:
                return answer
            finally:
                metrics.observe(names.CALL_SECONDS, time.perf_counter() - self._began, self._method)

        return guarded

    def stream(self, behaviour: Callable[..., AsyncIterator[Any]]) -> Callable[..., AsyncIterator[Any]]:
        async def guarded(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            try:
                self._admit(context)
                async for item in behaviour(request, context):
                    yield item
                self._ended("OK")
            except (asyncio.CancelledError, GeneratorExit):
                self._ended("CANCELLED")
                raise
            except Exception as error:  # noqa: BLE001 - every error becomes a status, unknown ones are logged
                await self._abort(context, _named(error, request))

        return guarded

    async def _abort(self, context: grpc.aio.ServicerContext[Any, Any], error: Exception) -> None:
        if isinstance(error, grpc.aio.AbortError):
            self._ended("UNKNOWN", error)
            raise error
        typed = _typed(error, self._request_id)
        status = status_of(typed)
        self._ended(code_pb2.Code.Name(status.code), error)
        metrics.add(names.ERRORS, self._method.split("/")[1], typed.reason)
        told = rpc_status.to_status(status)
        trailing = (*told.trailing_metadata, request_ids.returned(self._request_id))
        await context.abort(told.code, told.details, trailing)

    def _ended(self, code: str, error: Exception | None = None) -> None:
        """Count the call; log it where nobody expected its end, else at debug level only. Never what it asked."""
        metrics.add(names.CALLS, self._method, code)
        traces.ended(code, is_fault=code in UNEXPECTED)
        ms = round((time.perf_counter() - self._began) * 1000, 1)
        fields = {"method": self._method, "actor": self._subject, "status": code, "ms": ms}
        if code in UNEXPECTED:
            log.error("call_failed", exc_info=error, **fields)
        else:
            log.debug("call_ended", **fields)


def _named(error: Exception, request: Message) -> Exception:
    """Name the text of a request that the database could not take; it is looked for only then."""
    if isinstance(error, psycopg.DataError):
        try:
            check_texts(request)
        except InvalidInput as found:
            return found
    return error


def _typed(error: Exception, request_id: str) -> PlatformError:
    """Return the typed error; nothing internal leaves the server but the id that finds it in the log."""
    if isinstance(error, PlatformError) and error.reason != PlatformError.reason:
        return error
    if isinstance(error, (psycopg.OperationalError, PoolTimeout)):
        return DependencyUnavailable("the database does not answer: retry", metadata={"request_id": request_id})
    return PlatformError("an internal error", metadata={"request_id": request_id})
