"""Between the protobufs of search and its own types: checks each field, and words the status in Chinese."""

from collections.abc import Sequence

from merchantcredit.events.v1.enterprise_pb2 import OperatingStatus
from merchantcredit.search.v1.search_service_pb2 import RecordHit, SearchRecordsRequest, SearchRecordsResponse

from services.common.errors import FieldViolation, InvalidInput
from services.common.eventlog.epoch import revision_of
from services.common.kernel.grade import Grade
from services.common.paging import make_token, page_size, read_token
from services.search.application.ports import Filters, Found
from services.search.domain.document import Document

DEFAULT_PAGE, MOST_ON_PAGE = 20, 100
DEFAULT_SUGGESTIONS, MOST_SUGGESTIONS = 8, 20
#: Nobody pages further: what is not among so many hits needs a better query.
DEEPEST = 10_000
LONGEST_REGION = 6
#: As GSXT words it; what has no word here was not told.
STATUS_ZH: dict[int, str] = {
    OperatingStatus.OPERATING_STATUS_OPERATING: "在营（开业）",
    OperatingStatus.OPERATING_STATUS_MOVED_OUT: "迁出",
    OperatingStatus.OPERATING_STATUS_DEREGISTERED: "注销",
    OperatingStatus.OPERATING_STATUS_LICENCE_REVOKED: "吊销",
    OperatingStatus.OPERATING_STATUS_ANNULLED: "撤销",
    OperatingStatus.OPERATING_STATUS_CLOSED: "停业",
    OperatingStatus.OPERATING_STATUS_DORMANT: "歇业",
}


def filters(request: SearchRecordsRequest) -> Filters:
    """Return the filters; raises InvalidInput naming the field that is wrong."""
    unknown = sorted(set(request.grades) - set(Grade.__members__))
    if unknown:
        raise _wrong("grades", f"{', '.join(unknown)[:50]} is no grade: use {', '.join(Grade.__members__)}")
    region = request.region_prefix
    if region and not (region.isascii() and region.isdigit() and len(region) <= LONGEST_REGION):
        raise _wrong("region_prefix", "use the first one to six digits of a GB/T 2260 code")
    return Filters(grades=tuple(sorted(set(request.grades))), region_prefix=region)


def page(request: SearchRecordsRequest) -> tuple[int, int]:
    """Return the offset and the size of the page; raises InvalidInput, or InvalidPageToken."""
    size = page_size(request.page_size, default=DEFAULT_PAGE, most=MOST_ON_PAGE)
    return int(read_token(_identity(request), request.page_token) or 0), size


def suggestion_limit(limit: int) -> int:
    """Return how many suggestions to give; raises InvalidInput for a negative number."""
    if limit < 0:
        raise _wrong("limit", "ask for 0 or more")
    return min(limit or DEFAULT_SUGGESTIONS, MOST_SUGGESTIONS)


def response(request: SearchRecordsRequest, found: Found, next_offset: int) -> SearchRecordsResponse:
    """Return the answer, with the token of the next page when there is one."""
    more = next_offset < min(found.total, DEEPEST)
    answer = SearchRecordsResponse(
        hits=hits(found.documents),
        next_page_token=make_token(_identity(request), str(next_offset) if more else ""),
        total_count=found.total,
    )
    if found.as_of is not None:
        answer.as_of_time.FromDatetime(found.as_of)
    return answer


def hits(documents: Sequence[Document]) -> list[RecordHit]:
    """Return the documents as they are shown."""
    return [_hit(document) for document in documents]


def _hit(document: Document) -> RecordHit:
    return RecordHit(
        credit_code=document.credit_code,
        name=document.name,
        grade=document.grade,
        score_millipoints=document.score_millipoints,
        region_code=document.region_code,
        status=STATUS_ZH.get(document.status, "未知"),
        revision=revision_of(document.version),
        merged_into=document.merged_into,
    )


def _identity(request: SearchRecordsRequest) -> bytes:
    """Return what a page token is bound to: the query without the page."""
    bound = SearchRecordsRequest(
        query=request.query, grades=sorted(set(request.grades)), region_prefix=request.region_prefix
    )
    return bound.SerializeToString(deterministic=True)


def _wrong(field: str, fix: str) -> InvalidInput:
    return InvalidInput(f"{field} is not valid: {fix}", violations=(FieldViolation(field=field, description=fix),))
