"""GetCreditRecord without re-encoding: the stored record is framed into the response as it is."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from merchantcredit.credit.v1 import credit_service_pb2 as pb

_RECORD_FIELD = b"\x0a"  # field 1, length-delimited


def use_raw_record(
    server: Any, service: str, read: Callable[[pb.GetCreditRecordRequest, Any], Awaitable[bytes]]
) -> None:
    """Put the raw handler in the place of GetCreditRecord's own; call it after the service was added."""
    handler = grpc.unary_unary_rpc_method_handler(read, pb.GetCreditRecordRequest.FromString, frame)
    server.add_registered_method_handlers(service, {"GetCreditRecord": handler})


def frame(record: bytes) -> bytes:
    """Return the bytes of GetCreditRecordResponse{record}."""
    length, size = bytearray(), len(record)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return _RECORD_FIELD + bytes(length) + record
