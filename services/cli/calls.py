"""Calls to the services: a channel that retries what may be retried, and errors that say what to do."""

import orjson
from grpc import StatusCode, aio

from services.common.errors import (
    DependencyUnavailable,
    Forbidden,
    InvalidInput,
    NotFound,
    PlatformError,
    Unauthenticated,
)

_RETRIES = {
    "methodConfig": [
        {
            "name": [{}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}
CALL_SECONDS = 60.0


def channel(target: str) -> aio.Channel:
    """Return a channel to HOST:PORT; calls that find no server are tried five times within some seconds."""
    options = [
        ("grpc.service_config", orjson.dumps(_RETRIES).decode()),
        ("grpc.max_receive_message_length", 64 << 20),
    ]
    return aio.insecure_channel(target, options=options)


def credentials(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that tell who calls."""
    return (("authorization", f"Bearer {token}"),)


def typed(error: aio.AioRpcError, target: str) -> PlatformError:
    """Return the error of a refused call, with its sentence and what the caller of this program can do."""
    said = error.details() or error.code().name
    match error.code():
        case StatusCode.UNAVAILABLE | StatusCode.DEADLINE_EXCEEDED:
            return DependencyUnavailable(f"{target} does not answer ({said}): start the platform, or mend --target")
        case StatusCode.UNAUTHENTICATED:
            return Unauthenticated(f"{target} does not know the caller ({said}): give a valid --token")
        case StatusCode.PERMISSION_DENIED:
            return Forbidden(f"{target} refuses the caller ({said}): give the --token of a role that may do this")
        case StatusCode.NOT_FOUND:
            return NotFound(said)
        case StatusCode.INVALID_ARGUMENT:
            return InvalidInput(said)
        case code:
            return PlatformError(f"{target} failed with {code.name}: {said}")
