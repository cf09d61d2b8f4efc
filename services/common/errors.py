"""The families of errors that a caller can meet; services.common.grpc.status maps each to one status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """One field that is wrong: its path in the request, what is wrong, and the fix."""

    field: str
    description: str


@dataclass(eq=False)
class PlatformError(Exception):
    """Base of all typed errors: a closed reason, one sentence, and the facts as metadata."""

    reason: ClassVar[str] = "INTERNAL"
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.message


@dataclass(eq=False)
class InvalidInput(PlatformError):
    """A field is absent, malformed or out of range."""

    reason: ClassVar[str] = "INVALID_FIELD"
    violations: Sequence[FieldViolation] = ()


@dataclass(eq=False)
class InvalidCreditCode(InvalidInput):
    """A credit code is wrong; metadata["defect"] names how."""

    reason: ClassVar[str] = "INVALID_CREDIT_CODE"


@dataclass(eq=False)
class PersonalDataInClear(InvalidInput):
    """Personal data stand where only codes, a pseudonym or a sealed field may."""

    reason: ClassVar[str] = "PERSONAL_DATA"


@dataclass(eq=False)
class InvalidPageToken(InvalidInput):
    """The page token is not from this query."""

    reason: ClassVar[str] = "INVALID_PAGE_TOKEN"


@dataclass(eq=False)
class NotFound(PlatformError):
    """The named thing does not exist; metadata holds resource_type and resource_name."""

    reason: ClassVar[str] = "NOT_FOUND"


@dataclass(eq=False)
class AlreadyExists(PlatformError):
    """The named thing exists with other content."""

    reason: ClassVar[str] = "ALREADY_EXISTS"


@dataclass(eq=False)
class RequestIdReused(AlreadyExists):
    """The request id was used before with another body."""

    reason: ClassVar[str] = "REQUEST_ID_REUSED"


@dataclass(eq=False)
class PreconditionFailed(PlatformError):
    """The current state or a rule forbids the step; metadata["field"] names the field that asks for it, where one does."""

    reason: ClassVar[str] = "PRECONDITION_FAILED"


@dataclass(eq=False)
class VersionConflict(PlatformError):
    """Somebody else wrote first; read again and retry."""

    reason: ClassVar[str] = "VERSION_CONFLICT"


@dataclass(eq=False)
class CursorExpired(PlatformError):
    """The cursor is unknown, of a lost future, or older than what is kept."""

    reason: ClassVar[str] = "CURSOR_EXPIRED"


@dataclass(eq=False)
class LimitExceeded(PlatformError):
    """A size or rate limit is exceeded."""

    reason: ClassVar[str] = "LIMIT_EXCEEDED"


@dataclass(eq=False)
class Unauthenticated(PlatformError):
    """No valid token came with the call."""

    reason: ClassVar[str] = "UNAUTHENTICATED"


@dataclass(eq=False)
class Forbidden(PlatformError):
    """The caller's roles do not allow the call."""

    reason: ClassVar[str] = "FORBIDDEN"


@dataclass(eq=False)
class DependencyUnavailable(PlatformError):
    """A part that the server needs does not answer; retry."""

    reason: ClassVar[str] = "DEPENDENCY_UNAVAILABLE"


def invalid(field: str, description: str) -> InvalidInput:
    """Return the error of one field: its path, and what is wrong with it or the fix."""
    return InvalidInput(f"{field}: {description}", violations=(FieldViolation(field=field, description=description),))
