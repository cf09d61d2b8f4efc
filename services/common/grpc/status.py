"""The one table from error families to gRPC status codes and google.rpc details (AIP-193)."""

from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.common.errors import InvalidInput, NotFound, PlatformError, PreconditionFailed

DOMAIN = "merchantcredit"
CODES = {
    "INVALID_FIELD": code_pb2.INVALID_ARGUMENT,
    "INVALID_CREDIT_CODE": code_pb2.INVALID_ARGUMENT,
    "INVALID_PAGE_TOKEN": code_pb2.INVALID_ARGUMENT,
    "PERSONAL_DATA": code_pb2.INVALID_ARGUMENT,
    "NOT_FOUND": code_pb2.NOT_FOUND,
    "ALREADY_EXISTS": code_pb2.ALREADY_EXISTS,
    "REQUEST_ID_REUSED": code_pb2.ALREADY_EXISTS,
    "VERSION_CONFLICT": code_pb2.ABORTED,
    "PRECONDITION_FAILED": code_pb2.FAILED_PRECONDITION,
    "CURSOR_EXPIRED": code_pb2.OUT_OF_RANGE,
    "UNAUTHENTICATED": code_pb2.UNAUTHENTICATED,
    "FORBIDDEN": code_pb2.PERMISSION_DENIED,
    "LIMIT_EXCEEDED": code_pb2.RESOURCE_EXHAUSTED,
    "DEPENDENCY_UNAVAILABLE": code_pb2.UNAVAILABLE,
    "INTERNAL": code_pb2.INTERNAL,
}


def status_of(error: PlatformError) -> status_pb2.Status:
    """Return the status of a typed error: its sentence, an ErrorInfo, and the details of its family."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=dict(error.metadata))
    details = [info, *_details(error)]
    return status_pb2.Status(
        code=CODES[error.reason], message=error.message, details=[_pack(detail) for detail in details]
    )


def _details(error: PlatformError) -> list[object]:
    match error:
        case InvalidInput():
            violations = [
                error_details_pb2.BadRequest.FieldViolation(field=v.field, description=v.description)
                for v in error.violations
            ]
            return [error_details_pb2.BadRequest(field_violations=violations)]
        case NotFound():
            return [error_details_pb2.ResourceInfo(**error.metadata)]
        case PreconditionFailed():
            field = error.metadata.get("field", "")
            violation = error_details_pb2.PreconditionFailure.Violation(subject=field, description=error.message)
            return [error_details_pb2.PreconditionFailure(violations=[violation])]
        case _:
            return []


def _pack(detail: object) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)  # type: ignore[arg-type]
    return packed
