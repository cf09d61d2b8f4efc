"""The contract of the search index, written against the ports only: every engine passes it unchanged.

A subclass gives `open_writer` and `open_reader` (each call opens the same index anew) and `reader_process`, the source
of a program that opens a reader as `reader` from its arguments `reader_arguments`, to read from another process.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from services.common.errors import DependencyUnavailable, PreconditionFailed
from services.common.kernel.credit_code import check_character
from services.search.application.ports import Filters, Progress, SearchReader, SearchWriter
from services.search.domain.document import Document
from services.search.domain.query import parse_query

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = (
    "贵州优品电子商务有限公司",
    "贵州优品电子商务有限公司贵阳分公司",
    "贵州优品",
    "遵义优品电子商务有限公司",
    "贵阳市云岩区老王辣椒店",
    "贵州（贵阳）黔货出山网络科技有限责任公司",
    "重庆长江小面餐饮管理有限公司",
    "安顺市西秀区ABC茶叶商行",
)
#: What a process prints for a search: each time a line comes in, the names found and the freshness.
READ = """
import sys
from services.search.application.ports import Filters
from services.search.domain.query import parse_query
for line in sys.stdin:
    found = reader.search(parse_query(line.strip(), field="query"), filters=Filters(), offset=0, limit=10)
    print("|".join(d.name for d in found.documents), flush=True)
"""


def code(n: int) -> str:
    body = f"91520102MA6{n:06d}"
    return body + check_character(body)


def document(n: int, name: str, *, version: int = 1, grade: str = "A", region: str = "520102") -> Document:
    return Document(
        credit_code=code(n),
        name=name,
        grade=grade,
        score_millipoints=640_000,
        region_code=region,
        status=1,
        version=version,
    )


class OtherProcess:
    """A reader in a process of its own."""

    def __init__(self, program: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", program + READ, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def search(self, text: str) -> list[str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the reading process has died"
        return [name for name in line.rstrip("\n").split("|") if name]

    def end(self) -> None:
        self._process.communicate(timeout=20)


class SearchIndexContract:
    """What every search index keeps."""

    reader_process = ""

    @pytest.fixture
    def open_writer(self) -> Callable[[], SearchWriter]:
        raise NotImplementedError

    @pytest.fixture
    def open_reader(self) -> Callable[[], SearchReader]:
        raise NotImplementedError

    @pytest.fixture
    def reader_arguments(self) -> Sequence[str]:
        raise NotImplementedError

    @pytest.fixture
    def writer(self, open_writer: Callable[[], SearchWriter]) -> Iterator[SearchWriter]:
        writer = open_writer()
        yield writer
        writer.close()

    @pytest.fixture
    def reader(self, open_reader: Callable[[], SearchReader]) -> Iterator[SearchReader]:
        reader = open_reader()
        yield reader
        reader.close()

    @pytest.fixture
    def filled(self, writer: SearchWriter) -> SearchWriter:
        writer.apply([document(n, name) for n, name in enumerate(NAMES)], [], Progress())
        return writer

    @pytest.fixture
    def other_process(self, reader_arguments: Sequence[str]) -> Iterator[Callable[[], OtherProcess]]:
        started: list[OtherProcess] = []

        def start() -> OtherProcess:
            started.append(OtherProcess(self.reader_process, reader_arguments))
            return started[-1]

        yield start
        for process in started:
            process.end()

    @staticmethod
    def names(reader: SearchReader, text: str, filters: Filters | None = None) -> list[str]:
        reader.reload()
        query = parse_query(text, field="query")
        return [d.name for d in reader.search(query, filters=filters or Filters(), offset=0, limit=50).documents]

    # -- writing --------------------------------------------------------------------------------------------------

    def test_a_document_comes_back_whole(self, writer: SearchWriter, reader: SearchReader) -> None:
        put = document(1, "贵州优品电子商务有限公司", version=7)
        writer.apply([put], [], Progress())
        reader.reload()
        found = reader.search(parse_query("优品", field="query"), filters=Filters(), offset=0, limit=1)
        assert found.documents == (put,)

    def test_an_older_version_is_ignored_and_a_newer_one_replaces(
        self, writer: SearchWriter, reader: SearchReader
    ) -> None:
        writer.apply([document(1, "新名称商贸", version=5)], [], Progress())
        writer.apply([document(1, "旧名称商贸", version=4)], [], Progress())
        assert self.names(reader, "名称商贸") == ["新名称商贸"]
        writer.apply([document(1, "更新名称商贸", version=6)], [], Progress())
        assert self.names(reader, "名称商贸") == ["更新名称商贸"]

    def test_the_highest_version_of_one_call_counts(self, writer: SearchWriter, reader: SearchReader) -> None:
        writer.apply([document(1, f"第{v}版商贸", version=v) for v in (2, 9, 3)], [], Progress())
        assert self.names(reader, "版商贸") == ["第9版商贸"]

    def test_versions_outlive_a_restart(self, open_writer: Callable[[], SearchWriter], reader: SearchReader) -> None:
        first = open_writer()
        first.apply([document(1, "新名称商贸", version=5)], [], Progress())
        first.close()
        second = open_writer()
        second.apply([document(1, "旧名称商贸", version=4)], [], Progress())
        second.close()
        assert self.names(reader, "名称商贸") == ["新名称商贸"]

    def test_an_older_version_is_ignored_also_when_the_newer_ones_changed_no_name(
        self, open_writer: Callable[[], SearchWriter], reader: SearchReader
    ) -> None:
        first = open_writer()
        for version in (5, 7):
            first.apply([document(1, "新名称商贸", version=version)], [], Progress())
        first.close()
        second = open_writer()
        second.apply([document(1, "旧名称商贸", version=6)], [], Progress())
        second.close()
        assert self.names(reader, "名称商贸") == ["新名称商贸"]
        assert self.names(reader, "旧名称商贸") == ["新名称商贸"], "only like it: it is not found under the old name"

    def test_versions_go_beyond_32_bits(self, writer: SearchWriter, reader: SearchReader) -> None:
        writer.apply([document(1, "新名称商贸", version=(1 << 40) + 2)], [], Progress())
        writer.apply([document(1, "旧名称商贸", version=(1 << 40) + 1)], [], Progress())
        assert self.names(reader, "名称商贸") == ["新名称商贸"]

    def test_a_deleted_document_is_gone_and_may_come_back_with_any_version(
        self, filled: SearchWriter, reader: SearchReader
    ) -> None:
        filled.apply([], [code(4)], Progress())
        assert self.names(reader, "老王辣椒") == []
        filled.apply([document(4, NAMES[4], version=0)], [], Progress())
        assert self.names(reader, "老王辣椒") == [NAMES[4]]

    def test_a_delete_comes_before_an_upsert_of_the_same_call(self, filled: SearchWriter, reader: SearchReader) -> None:
        filled.apply([document(4, "老王辣椒新店", version=0)], [code(4)], Progress())
        assert self.names(reader, "老王辣椒") == ["老王辣椒新店"]

    def test_progress_is_noted_with_the_documents_and_outlives_a_restart(
        self, open_writer: Callable[[], SearchWriter], reader: SearchReader
    ) -> None:
        first = open_writer()
        assert first.progress() == Progress()
        first.apply([document(1, "优品")], [], Progress(as_of=NOON, positions={0: 7, 3: 1}))
        first.note(Progress(as_of=NOON, positions={0: 8, 3: 1}))
        first.close()
        second = open_writer()
        assert second.progress() == Progress(as_of=NOON, positions={0: 8, 3: 1})
        second.close()
        reader.reload()
        found = reader.search(parse_query("优品", field="query"), filters=Filters(), offset=0, limit=1)
        assert found.as_of == NOON
        assert reader.progress().positions == {0: 8, 3: 1}

    def test_there_is_one_writer(self, writer: SearchWriter, open_writer: Callable[[], SearchWriter]) -> None:
        assert not writer.needs_rebuild()
        with pytest.raises(PreconditionFailed):
            open_writer()

    def test_before_there_is_an_index_a_reader_says_so(self, reader: SearchReader) -> None:
        with pytest.raises(DependencyUnavailable):
            reader.search(parse_query("优品", field="query"), filters=Filters(), offset=0, limit=1)

    # -- finding --------------------------------------------------------------------------------------------------

    @pytest.mark.usefixtures("filled")
    @pytest.mark.parametrize("name", NAMES)
    def test_the_same_name_comes_first(self, reader: SearchReader, name: str) -> None:
        assert self.names(reader, name)[0] == name

    @pytest.mark.usefixtures("filled")
    def test_better_matches_come_first(self, reader: SearchReader) -> None:
        found = self.names(reader, "贵州优品电子商务")
        assert found[:2] == [NAMES[0], NAMES[1]]  # the same but for the legal form, then a name that begins so
        assert found.index(NAMES[3]) > 1  # only like it

    @pytest.mark.usefixtures("filled")
    def test_two_characters_find_every_name_that_holds_them_and_no_other(self, reader: SearchReader) -> None:
        assert sorted(self.names(reader, "优品")) == sorted(NAMES[:4])

    @pytest.mark.usefixtures("filled")
    def test_one_character_finds(self, reader: SearchReader) -> None:
        assert self.names(reader, "茶") == [NAMES[7]]

    @pytest.mark.usefixtures("filled")
    @pytest.mark.parametrize(
        "typed",
        [
            "贵州(贵阳)黔货出山网络科技有限责任公司",
            "貴州（貴陽）黔貨出山網絡科技",
            "贵阳黔货出山",
            "黔货 出山",
            "黔货出山网路科技",  # a wrong character
            "黔货出山络科技有限责任公司",  # one left out
            "前货出山",  # sounds the same
            "黔货山出网络科技",  # two swapped
            "qianhuochushan",
            "QianHuo ChuShan",
            "qianhuochus",  # still being typed
            "qhcs",
        ],
    )
    def test_what_people_type_finds_the_name(self, reader: SearchReader, typed: str) -> None:
        assert self.names(reader, typed)[0] == NAMES[5]

    @pytest.mark.usefixtures("filled")
    def test_characters_of_two_readings_are_read_as_the_word(self, reader: SearchReader) -> None:
        assert self.names(reader, "chongqingchangjiang") == [NAMES[6]]

    @pytest.mark.usefixtures("filled")
    def test_latin_letters_of_a_name_find_it_in_any_case_and_width(self, reader: SearchReader) -> None:
        assert self.names(reader, "abc茶叶")[0] == self.names(reader, "ＡＢＣ")[0] == NAMES[7]

    @pytest.mark.usefixtures("filled")
    def test_a_code_or_its_beginning_finds(self, reader: SearchReader) -> None:
        assert self.names(reader, code(4)) == self.names(reader, code(4).lower()) == [NAMES[4]]
        assert len(self.names(reader, "91520102")) == len(NAMES)
        assert len(self.names(reader, code(4)[:15])) == len(NAMES)
        assert self.names(reader, "91520103") == []

    def test_a_whole_code_finds_its_enterprise_and_no_name(self, writer: SearchWriter, reader: SearchReader) -> None:
        writer.apply(
            [document(1, "优品一店"), document(2, f"{code(1)}二店"), document(3, f"{code(4)}三店")], [], Progress()
        )
        assert self.names(reader, code(1)) == ["优品一店"]
        assert self.names(reader, code(1), Filters(grades=("D",))) == []
        assert self.names(reader, code(4)) == []
        assert [d.name for d in reader.suggest(parse_query(code(1), field="prefix"), limit=3)] == ["优品一店"]
        assert self.names(reader, code(4)[:-1])[0] == f"{code(4)}三店", "a beginning is a text like any other"

    @pytest.mark.usefixtures("filled")
    def test_what_is_nowhere_is_not_found(self, reader: SearchReader) -> None:
        for typed in ("火星移民", "xyzzyx", "92990000", "有限火星公司"):
            assert self.names(reader, typed) == []

    def test_filters_narrow_hits_and_their_count(self, writer: SearchWriter, reader: SearchReader) -> None:
        writer.apply(
            [
                document(1, "优品一店", grade="A", region="520102"),
                document(2, "优品二店", grade="D", region="520103"),
                document(3, "优品三店", grade="NR", region=""),
            ],
            [],
            Progress(),
        )
        assert self.names(reader, "优品", Filters(grades=("A", "D"), region_prefix="52010")) != []
        assert self.names(reader, "优品", Filters(grades=("D", "NR"))) == ["优品二店", "优品三店"]
        assert self.names(reader, "优品", Filters(region_prefix="520103")) == ["优品二店"]
        assert self.names(reader, "优品", Filters(region_prefix="53")) == []
        query = parse_query("优品", field="query")
        assert reader.search(query, filters=Filters(grades=("A",)), offset=0, limit=1).total == 1

    def test_a_grade_or_a_region_that_changes_is_found_as_it_is_now(
        self, writer: SearchWriter, reader: SearchReader
    ) -> None:
        states = ((1, "A", "520102"), (2, "A", "520102"), (3, "D", "520102"), (4, "D", "520103"), (5, "A", "520102"))
        for version, grade, region in states:
            writer.apply([document(1, "优品一店", version=version, grade=grade, region=region)], [], Progress())
            assert self.names(reader, "优品", Filters(grades=(grade,), region_prefix=region)) == ["优品一店"]
            assert self.names(reader, "优品", Filters(grades=("B",))) == []
            other = Filters(region_prefix="520103" if region == "520102" else "520102")
            assert self.names(reader, "优品", other) == []

    def test_pages_hold_every_hit_once(self, writer: SearchWriter, reader: SearchReader) -> None:
        writer.apply([document(n, f"优品{n}号店") for n in range(95)], [], Progress())
        reader.reload()
        query = parse_query("优品", field="query")
        pages = [reader.search(query, filters=Filters(), offset=o, limit=20) for o in range(0, 120, 20)]
        assert [len(page.documents) for page in pages] == [20, 20, 20, 20, 15, 0]
        assert {page.total for page in pages} == {95}
        assert len({d.credit_code for page in pages for d in page.documents}) == 95

    @pytest.mark.usefixtures("filled")
    @pytest.mark.parametrize("typed", ["贵州优", "优品", "gui", "guizhouy", "gz", "gzyp", code(0)[:9]])
    def test_suggestions_follow_the_typing(self, reader: SearchReader, typed: str) -> None:
        reader.reload()
        suggested = reader.suggest(parse_query(typed, field="prefix"), limit=3)
        assert 1 <= len(suggested) <= 3
        assert all(d.name in NAMES for d in suggested)

    @pytest.mark.usefixtures("filled")
    def test_a_suggestion_that_begins_so_comes_first(self, reader: SearchReader) -> None:
        reader.reload()
        assert reader.suggest(parse_query("遵义优", field="prefix"), limit=3)[0].name == NAMES[3]

    # -- processes and rebuilding ---------------------------------------------------------------------------------

    def test_another_process_sees_what_was_applied(
        self, filled: SearchWriter, other_process: Callable[[], OtherProcess]
    ) -> None:
        process = other_process()
        assert process.search("老王辣椒") == [NAMES[4]]
        filled.apply([document(4, "老王辣椒旗舰店", version=2)], [], Progress())
        assert process.search("老王辣椒") == ["老王辣椒旗舰店"]

    def test_a_rebuild_is_unseen_until_it_ends_and_then_seen_by_all(
        self, filled: SearchWriter, reader: SearchReader, other_process: Callable[[], OtherProcess]
    ) -> None:
        process = other_process()
        with filled.rebuild() as fresh:
            assert fresh.progress() == Progress()
            fresh.apply([document(4, "老王辣椒重建店", version=1)], [], Progress(as_of=NOON, positions={0: 1}))
            assert process.search("老王辣椒") == self.names(reader, "老王辣椒") == [NAMES[4]]
            filled.apply([document(4, "老王辣椒旗舰店", version=2)], [], Progress())
            assert process.search("老王辣椒") == ["老王辣椒旗舰店"]
        assert process.search("老王辣椒") == self.names(reader, "老王辣椒") == ["老王辣椒重建店"]
        assert process.search("优品") == []
        assert filled.progress() == reader.progress() == Progress(as_of=NOON, positions={0: 1})

    def test_after_a_rebuild_the_writer_goes_on_in_the_new_index(
        self, filled: SearchWriter, reader: SearchReader
    ) -> None:
        with filled.rebuild() as fresh:
            fresh.apply([document(4, "老王辣椒重建店", version=5)], [], Progress())
        filled.apply([document(4, "老王辣椒旧店", version=4), document(5, "老王花椒店")], [], Progress())
        assert sorted(self.names(reader, "老王")) == ["老王花椒店", "老王辣椒重建店"]

    def test_a_rebuild_that_fails_leaves_everything_as_it_was(self, filled: SearchWriter, reader: SearchReader) -> None:
        def fail() -> None:
            with filled.rebuild() as fresh:
                fresh.apply([document(4, "老王辣椒重建店", version=9)], [], Progress())
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert self.names(reader, "老王辣椒") == [NAMES[4]]
        filled.apply([document(4, "老王辣椒旗舰店", version=2)], [], Progress())
        assert self.names(reader, "老王辣椒") == ["老王辣椒旗舰店"]
