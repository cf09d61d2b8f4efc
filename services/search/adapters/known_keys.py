"""Remembers of which enterprises the index has the keys, and of what they were made, so that they are not put again."""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from services.search.domain.document import Document

#: Some 50 MB. What is forgotten costs one more put.
MOST = 250_000
_DIGEST_BYTES = 16


class KnownKeys:
    """The keys that were put last, by enterprise; what was not asked for longest is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._digests: OrderedDict[str, bytes] = OrderedDict()
        self._most = most

    def has(self, document: Document) -> bool:
        """Tell whether the index is known to have just the keys of a document."""
        code = document.credit_code
        if self._digests.get(code) != _digest(document):
            return False
        self._digests.move_to_end(code)
        return True

    def add(self, documents: Iterable[Document]) -> None:
        """Take note that the index has the keys of these documents, and no newer ones of the same codes."""
        for document in documents:
            self._digests[document.credit_code] = _digest(document)
            self._digests.move_to_end(document.credit_code)
        while len(self._digests) > self._most:
            self._digests.popitem(last=False)

    def forget(self, codes: Iterable[str]) -> None:
        """Forget the keys of codes."""
        for code in codes:
            self._digests.pop(code, None)


def _digest(document: Document) -> bytes:
    """Return a digest of all that keys are made of, beside the code (`fields.field_tokens`)."""
    made_of = f"{document.grade}\n{document.region_code}\n{document.name}"
    return blake2b(made_of.encode(), digest_size=_DIGEST_BYTES).digest()
