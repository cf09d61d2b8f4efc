"""A row with a complainant in the clear to the same row with one sealed column in their place."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
from joserfc.jwk import OKPKey

from services.cli.loading import rows
from services.cli.loading.columns import Columns
from services.common.auth import seals
from services.common.errors import invalid

#: The columns that are sealed; the fields are those of ComplainantDetails. Whoever loads a file as it is loses them unread.
CLEAR = {
    "name": ("complainant_name", "投诉人姓名", "投诉人"),
    "phone": ("complainant_phone", "投诉人电话", "联系电话"),
    "identity_number": ("complainant_identity_number", "投诉人证件号码", "证件号码"),
    "address": ("complainant_address", "投诉人地址"),
    "text": ("complaint_text", "投诉内容"),
    "may_publish_text": ("同意公示",),
}
_YES, _NO = frozenset({"true", "1", "yes", "是", "同意"}), frozenset({"", "false", "0", "no", "否", "不同意"})
_MOST_SEALED = 65_536


def seal_rows(file: Path, names: Columns, key: OKPKey) -> Iterator[Mapping[str, object]]:
    """Yield the rows of a file, each sealed; raises InvalidInput naming the line and the field."""
    for row in rows.read(file):
        if row.problem:
            raise invalid(f"line {row.line}", row.problem)
        clear = {field: value for field, value in names.rename(row.fields).items() if value}
        open_fields = {name: value for name, value in row.fields.items() if names.field(name) is None}
        yield {**open_fields, seals.FIELD: _sealed(clear, key, row.line) if clear else ""}


def _sealed(clear: Mapping[str, str], key: OKPKey, line: int) -> str:
    told: dict[str, object] = {**clear}
    if "may_publish_text" in clear:
        told["may_publish_text"] = _consent(clear["may_publish_text"], line)
    sealed = seals.seal(key, orjson.dumps(told))
    if len(sealed) > _MOST_SEALED:
        raise invalid(f"line {line}: text", f"sealed it has {len(sealed)} characters: at most {_MOST_SEALED}")
    return sealed


def _consent(word: str, line: int) -> bool:
    if word.casefold() in _YES | _NO:
        return word.casefold() in _YES
    raise invalid(f"line {line}: may_publish_text", f"{word[:10]!r} is neither yes nor no: write true or false")
