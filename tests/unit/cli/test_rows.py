"""Files to rows: line numbers, originals, and what is wrong with a row stops nothing."""

from pathlib import Path

import pytest

from services.cli.loading import rows
from services.common.errors import InvalidInput


def _read(tmp_path: Path, name: str, content: bytes) -> list[rows.Row]:
    path = tmp_path / name
    path.write_bytes(content)
    return list(rows.read(path))


def test_a_quoted_line_break_stays_in_its_row(tmp_path: Path) -> None:
    found = _read(tmp_path, "a.csv", b'a,b\n1,"x\ny"\n2,z\n')
    assert [(r.line, r.last_line, r.fields) for r in found] == [
        (2, 3, {"a": "1", "b": "x\ny"}),
        (4, 4, {"a": "2", "b": "z"}),
    ]
    assert found[0].original == '1,"x\ny"'
    assert found[-1].end == 16


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert _read(tmp_path, "a.csv", b"\xef\xbb\xbfa,b\r\n1,2\r\n")[0].fields == {"a": "1", "b": "2"}


def test_a_row_of_another_width_is_told(tmp_path: Path) -> None:
    found = _read(tmp_path, "a.csv", b"a,b\n1\n\n1,2\n")
    assert [r.problem for r in found] == ["the row has 1 columns, the header 2: quote or add commas", ""]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_a_line_that_is_not_utf8_is_told_and_the_next_is_read(tmp_path: Path, name: str) -> None:
    good = b'{"a": "1"}\n' if name.endswith("jsonl") else b"1\n"
    found = _read(tmp_path, name, (b"" if name.endswith("jsonl") else b"a\n") + "贵阳\n".encode("gbk") + good)
    assert "not UTF-8" in found[0].problem
    assert found[1].fields == {"a": "1"}


def test_json_lines_are_objects(tmp_path: Path) -> None:
    found = _read(tmp_path, "a.jsonl", b'{"a": 1}\n\n[1]\nnope\n')
    assert [r.line for r in found] == [1, 3, 4]
    assert found[0].fields == {"a": 1}
    assert "one object a line" in found[1].problem
    assert "no JSON" in found[2].problem


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="rename or convert"):
        _read(tmp_path, "a.xlsx", b"")
