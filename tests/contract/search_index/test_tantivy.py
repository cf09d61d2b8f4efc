"""The tantivy index keeps the contract; and what only it promises: folders, locks, generations."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from services.common.errors import DependencyUnavailable, PreconditionFailed
from services.search.adapters.tantivy_folder import IndexFolder
from services.search.adapters.tantivy_reader import TantivyReader
from services.search.adapters.tantivy_writer import TantivyWriter
from services.search.application.ports import Filters, Progress, SearchReader, SearchWriter
from services.search.domain.query import parse_query
from tests.contract.search_index.suite import SearchIndexContract, document


class TestTantivy(SearchIndexContract):
    reader_process = (
        "import pathlib, sys\n"
        "from services.search.adapters.tantivy_reader import TantivyReader\n"
        "reader = TantivyReader(pathlib.Path(sys.argv[1]))\n"
    )

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "index"

    @pytest.fixture
    def open_writer(self, folder: Path) -> Callable[[], SearchWriter]:
        return lambda: TantivyWriter(folder)

    @pytest.fixture
    def open_reader(self, folder: Path) -> Callable[[], SearchReader]:
        return lambda: TantivyReader(folder)

    @pytest.fixture
    def reader_arguments(self, folder: Path) -> Sequence[str]:
        return [str(folder)]


def _generations(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("v*-*"))


def _found(reader: SearchReader, text: str) -> list[str]:
    found = reader.search(parse_query(text, field="query"), filters=Filters(), offset=0, limit=5)
    return [d.name for d in found.documents]


def test_a_generation_goes_when_its_last_reader_has_left(tmp_path: Path) -> None:
    writer, reader = TantivyWriter(tmp_path), TantivyReader(tmp_path)
    writer.apply([document(1, "老店")], [], Progress())
    reader.reload()
    (first,) = _generations(tmp_path)
    with writer.rebuild() as fresh:
        fresh.apply([document(1, "新店")], [], Progress())
    assert first in _generations(tmp_path)
    assert _found(reader, "新店") == ["新店"]  # the reader leaves the old one here
    writer.note(Progress())
    assert len(_generations(tmp_path)) == 1
    reader.close()
    writer.close()


def test_what_a_killed_rebuild_left_goes_at_the_next_start(tmp_path: Path) -> None:
    TantivyWriter(tmp_path).close()
    IndexFolder(tmp_path).make_generation()
    assert len(_generations(tmp_path)) == 2
    TantivyWriter(tmp_path).close()
    assert len(_generations(tmp_path)) == 1


def test_an_index_of_other_code_is_not_read_and_asks_to_be_rebuilt(tmp_path: Path) -> None:
    other = tmp_path / "v999-9.9.9-0"
    other.mkdir()
    (tmp_path / "current").write_text(other.name)
    reader, writer = TantivyReader(tmp_path), TantivyWriter(tmp_path)
    assert writer.needs_rebuild()
    with pytest.raises(DependencyUnavailable):
        reader.reload()
    with pytest.raises(PreconditionFailed):
        writer.apply([document(1, "店")], [], Progress())
    with writer.rebuild() as fresh:
        fresh.apply([document(1, "新店")], [], Progress())
    assert not writer.needs_rebuild()
    assert _found(reader, "新店") == ["新店"]
    writer.close()


def test_a_reader_survives_that_the_folder_is_removed_and_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    writer, reader = TantivyWriter(folder), TantivyReader(folder)
    writer.apply([document(1, "老店")], [], Progress())
    assert _found(reader, "老店") == ["老店"]
    writer.close()
    shutil.rmtree(folder)
    with pytest.raises(DependencyUnavailable):
        _found(reader, "老店")
    writer = TantivyWriter(folder)
    writer.apply([document(1, "新店")], [], Progress())
    assert _found(reader, "新店") == ["新店"]
    writer.close()


def test_a_pointer_to_nothing_is_said(tmp_path: Path) -> None:
    writer = TantivyWriter(tmp_path)
    writer.close()
    (generation,) = tmp_path.glob("v*-*")
    shutil.rmtree(generation)
    with pytest.raises(DependencyUnavailable):
        TantivyReader(tmp_path).reload()
    TantivyWriter(tmp_path).close()
    TantivyReader(tmp_path).reload()
