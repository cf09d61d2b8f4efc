"""What a reader asks for, read from the address and written back into one."""

from dataclasses import dataclass
from urllib.parse import urlencode

from merchantcredit.search.v1 import search_service_pb2
from starlette.datastructures import QueryParams

from services.common.errors import invalid
from services.common.kernel.grade import Grade

_REGION_DIGITS = 6
_MOST_DIGITS = 5


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search: its text, the grades, the region's code without trailing zeros, the page, and how many to a page."""

    text: str
    grades: tuple[str, ...] = ()
    region: str = ""
    page_token: str = ""
    page_size: int = 0

    @classmethod
    def of(cls, params: QueryParams) -> "SearchQuery":
        """Read a query; raises InvalidInput naming the parameter and the fix."""
        grades = [name for value in params.getlist("grade") for name in value.upper().split(",") if name]
        for name in grades:
            if name not in Grade.__members__:
                raise invalid("grade", f"{name[:20]!r} is no grade: use one of {', '.join(Grade.__members__)}")
        size = whole_number(params, "page_size")
        return cls(params.get("q", "").strip(), tuple(grades), _region(params), params.get("page_token", ""), size)

    def request(self) -> search_service_pb2.SearchRecordsRequest:
        """Return the query as the search service reads it."""
        return search_service_pb2.SearchRecordsRequest(
            query=self.text,
            grades=self.grades,
            region_prefix=self.region,
            page_size=self.page_size,
            page_token=self.page_token,
        )

    def page(self, token: str) -> str:
        """Return the address of the page with a token; the first page for an empty one."""
        pairs = [("q", self.text), *(("grade", grade) for grade in self.grades)]
        pairs += [(name, value) for name, value in (("region", self.region), ("page_token", token)) if value]
        return "/search?" + urlencode(pairs)


def whole_number(params: QueryParams, name: str) -> int:
    """Return a whole number from the address, 0 when absent; raises InvalidInput naming the parameter."""
    text = params.get(name, "") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise invalid(name, f"{text[:20]!r} is no whole number from 0 to 99999")
    return int(text)


def _region(params: QueryParams) -> str:
    """Return the significant digits of a region: 520100 means all of 5201, 520000 all of 52."""
    text = params.get("region", "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= _REGION_DIGITS):
        raise invalid("region", f"{text[:20]!r} is no region: give up to six digits of GB/T 2260, for example 5201")
    return text.removesuffix("00").removesuffix("00") if len(text) == _REGION_DIGITS else text
