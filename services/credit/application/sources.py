"""Sources: on a topic the caller is the source, mapped to an office and an authority by configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.common.errors import FieldViolation, InvalidInput

#: From this authority on a source speaks as an office.
OFFICE_AUTHORITY = 3
#: Under which credit itself tells what a review judged of cases, and how complainants are marked.
REVIEW_SOURCE = "//review.merchantcredit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Sources with a prefix: the office they speak for, and the authority of what they say (greater wins).

    A merchant's source only answers cases; credit's own reviews only judge them; an office's may tell of cases that another source has.
    """

    prefix: str
    office: str
    authority: int
    only_answers: bool = False
    judges: bool = False


class SourceMap:
    """Finds a source's office by its longest prefix."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sorted(sources, key=lambda source: -len(source.prefix))
        self._found: dict[str, Source] = {}

    def find(self, source: str) -> Source:
        """Return the office behind a source; raises InvalidInput when none is configured."""
        if source not in self._found:
            found = next((entry for entry in self._sources if source.startswith(entry.prefix)), None)
            if found is None:
                raise InvalidInput(
                    f"no office is configured for the source {source[:100]!r}",
                    violations=(
                        FieldViolation(field="ce_source", description="add the source to credit's configuration"),
                    ),
                )
            self._found[source] = found
        return self._found[source]
