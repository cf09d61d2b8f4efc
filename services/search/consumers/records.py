"""Reads a message of the record topic: the one place where the record's protobuf becomes a document."""

from google.protobuf.message import DecodeError
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.errors import invalid
from services.common.eventlog.epoch import EPOCH_HEADER, version_of
from services.common.eventlog.port import Record
from services.common.kernel.grade import Grade
from services.search.domain.document import Document


def decode(record: Record) -> Document | None:
    """Return the document of a message; None for a tombstone, which has no value.

    Raises InvalidInput naming the field when the message cannot be indexed.
    """
    if not record.value:
        return None
    try:
        public = PublicRecord.FromString(record.value)
    except DecodeError as error:
        raise invalid("value", "send a merchantcredit.credit.v1.PublicRecord") from error
    _check(record, public)
    return Document(
        credit_code=public.credit_code,
        name=public.name,
        grade=public.grade,
        score_millipoints=public.score_millipoints if public.HasField("score_millipoints") else None,
        region_code=public.region_code,
        status=public.status,
        version=version_of(_epoch(record), public.revision),
        merged_into=public.merged_into.credit_code,
    )


def _check(record: Record, public: PublicRecord) -> None:
    if not public.credit_code or public.credit_code != record.key:
        raise invalid("credit_code", "the credit code is the key of the message")
    if not public.name:
        raise invalid("name", "a record has the registered name")
    if public.grade not in Grade.__members__:
        raise invalid("grade", f"use one of {', '.join(Grade.__members__)}")
    if public.revision < 0:
        raise invalid("revision", "a revision is not negative")


def _epoch(record: Record) -> int:
    try:
        return int(record.headers.get(EPOCH_HEADER, 0))
    except ValueError as error:
        raise invalid(EPOCH_HEADER, "write the epoch as a number, or leave it out") from error
