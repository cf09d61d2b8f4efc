"""GetCreditRecord without re-encoding: the stored record is framed into the response as it is."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from merchantcredit.credit.v1 import credit_service_pb2 as pb

_RECORD_FIELD = b"\x0a"  # field 1, length-delimited


def raw_record_handler(
    service: str, read: Callable[[pb.GetCreditRecordRequest, Any], Awaitable[bytes]]
) -> grpc.GenericRpcHandler:
    """Return the handler of GetCreditRecord; it must be added before the service's own."""
    method = grpc.unary_unary_rpc_method_handler(read, pb.GetCreditRecordRequest.FromString, frame)
    return grpc.method_handlers_generic_handler(service, {"GetCreditRecord": method})


def frame(record: bytes) -> bytes:
    """Return the bytes of GetCreditRecordResponse{record}."""
    length, size = bytearray(), len(record)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return _RECORD_FIELD + bytes(length) + record
