"""Elasticsearch keeps the contract; and what only it promises: a lease, generations, one snapshot an answer."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import pytest
from elasticsearch import Elasticsearch as Client

from services.common.errors import DependencyUnavailable, PreconditionFailed
from services.search.adapters import elastic_segments
from services.search.adapters.elastic_bulk import Bulk
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_generations import records_alias
from services.search.adapters.elastic_reader import ElasticReader
from services.search.adapters.elastic_schema import SCHEMA_VERSION, record_action
from services.search.adapters.elastic_segments import bound
from services.search.adapters.elastic_writer import ElasticWriter
from services.search.adapters.tantivy_reader import TantivyReader
from services.search.adapters.tantivy_writer import TantivyWriter
from services.search.application.ports import Filters, Progress, SearchReader, SearchWriter
from services.search.domain.document import Document
from services.search.domain.query import parse_query
from tests.contract.search_index.suite import SearchIndexContract, code, document

#: A writer in a process of its own: says when it holds the index, then applies a document a line.
WRITE = """
import sys
from services.common.errors import PreconditionFailed
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_writer import ElasticWriter
from services.search.application.ports import Progress
from tests.contract.search_index.suite import document
writer = ElasticWriter(ElasticSettings(urls=(sys.argv[1],), name=sys.argv[2], replicas=0))
print("holds", flush=True)
for line in sys.stdin:
    try:
        writer.apply([document(1, line.strip(), version=9)], [], Progress())
        print("applied", flush=True)
    except PreconditionFailed:
        print("superseded", flush=True)
"""


class TestElasticsearch(SearchIndexContract):
    reader_process = (
        "import sys\n"
        "from services.search.adapters.elastic_client import ElasticSettings\n"
        "from services.search.adapters.elastic_reader import ElasticReader\n"
        "reader = ElasticReader(ElasticSettings(urls=(sys.argv[1],), name=sys.argv[2]))\n"
    )

    @pytest.fixture
    def open_writer(self, settings: ElasticSettings) -> Callable[[], SearchWriter]:
        return lambda: ElasticWriter(settings)

    @pytest.fixture
    def open_reader(self, settings: ElasticSettings) -> Callable[[], SearchReader]:
        return lambda: ElasticReader(settings)

    @pytest.fixture
    def reader_arguments(self, settings: ElasticSettings) -> Sequence[str]:
        return [settings.urls[0], settings.name]


@pytest.fixture
def writer_process(settings: ElasticSettings) -> Iterator[subprocess.Popen[str]]:
    """Return a process that holds the index."""
    command = [sys.executable, "-c", WRITE, settings.urls[0], settings.name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def _found(reader: SearchReader, text: str) -> list[str]:
    found = reader.search(parse_query(text, field="query"), filters=Filters(), offset=0, limit=5)
    return [d.name for d in found.documents]


def _indices(client: Client, settings: ElasticSettings) -> list[str]:
    return sorted(client.indices.get(index=f"{settings.name}-v*"))


def test_a_frozen_writer_is_superseded_and_learns_it_when_it_wakes(
    settings: ElasticSettings, writer_process: subprocess.Popen[str]
) -> None:
    with pytest.raises(PreconditionFailed, match="another process writes"):
        ElasticWriter(settings)
    writer_process.send_signal(signal.SIGSTOP)
    writer = ElasticWriter(settings)
    writer.apply([document(1, "新名称商贸", version=10)], [], Progress())
    writer_process.send_signal(signal.SIGCONT)
    assert writer_process.communicate("旧名称商贸\n", timeout=60)[0] == "superseded\n"
    reader = ElasticReader(settings)
    assert _found(reader, "名称商贸") == ["新名称商贸"]
    reader.close()
    writer.close()


def test_after_a_killed_writer_another_goes_on(
    settings: ElasticSettings, writer_process: subprocess.Popen[str]
) -> None:
    assert writer_process.stdin is not None
    assert writer_process.stdout is not None
    writer_process.stdin.write("老店\n")
    writer_process.stdin.flush()
    assert writer_process.stdout.readline() == "applied\n"
    writer_process.kill()
    writer = ElasticWriter(settings)
    reader = ElasticReader(settings)
    assert _found(reader, "老店") == ["老店"]
    reader.close()
    writer.close()


def test_what_a_killed_rebuild_left_goes_at_the_next_start(settings: ElasticSettings, client: Client) -> None:
    ElasticWriter(settings).close()
    for kind in ("keys", "records"):
        client.indices.create(index=f"{settings.name}-v{SCHEMA_VERSION}-left-{kind}")
    assert len(_indices(client, settings)) == 4
    ElasticWriter(settings).close()
    assert len(_indices(client, settings)) == 2


def test_an_index_of_other_code_is_not_read_and_asks_to_be_rebuilt(settings: ElasticSettings, client: Client) -> None:
    client.indices.create(index=f"{settings.name}-v999-1", aliases={settings.name: {}})
    reader, writer = ElasticReader(settings), ElasticWriter(settings)
    assert writer.needs_rebuild()
    with pytest.raises(DependencyUnavailable):
        reader.reload()
    with pytest.raises(PreconditionFailed):
        writer.apply([document(1, "店")], [], Progress())
    with writer.rebuild() as fresh:
        fresh.apply([document(1, "新店")], [], Progress())
    assert not writer.needs_rebuild()
    assert _found(reader, "新店") == ["新店"]
    assert f"{settings.name}-v999-1" not in _indices(client, settings)
    reader.close()
    writer.close()


@pytest.mark.parametrize("taken", ["keys", "*"])
def test_a_generation_that_was_taken_away_is_said_and_made_anew_at_the_next_start(
    settings: ElasticSettings, client: Client, taken: str
) -> None:
    writer, reader = ElasticWriter(settings), ElasticReader(settings)
    writer.apply([document(1, "老店")], [], Progress(positions={0: 1}))
    assert _found(reader, "老店") == ["老店"]
    for index in client.indices.get(index=f"{settings.name}-v*-{taken}"):
        client.indices.delete(index=index)
    with pytest.raises(DependencyUnavailable):
        writer.apply([document(2, "新店")], [], Progress(positions={0: 2}))
    with pytest.raises(DependencyUnavailable):
        reader.reload()
    writer.close()
    writer = ElasticWriter(settings)
    assert writer.progress() == Progress()
    writer.apply([document(2, "新店")], [], Progress())
    assert _found(reader, "新店") == ["新店"]
    reader.close()
    writer.close()


def test_records_that_were_taken_away_are_said_and_ask_to_be_rebuilt(settings: ElasticSettings, client: Client) -> None:
    writer, reader = ElasticWriter(settings), ElasticReader(settings)
    writer.apply([document(1, "老店")], [], Progress(positions={0: 1}))
    (records,) = client.indices.get(index=f"{settings.name}-v*-records")
    client.indices.delete(index=records)
    with pytest.raises(DependencyUnavailable):
        writer.apply([document(2, "新店")], [], Progress(positions={0: 2}))
    with pytest.raises(DependencyUnavailable):
        _found(reader, "老店")
    writer.close()
    writer = ElasticWriter(settings)
    assert writer.needs_rebuild()
    with writer.rebuild() as fresh:
        fresh.apply([document(2, "新店")], [], Progress())
    assert _found(reader, "新店") == ["新店"]
    reader.close()
    writer.close()


def test_an_index_that_has_the_name_of_the_alias_is_left_alone(settings: ElasticSettings, client: Client) -> None:
    client.indices.create(index=settings.name)
    with pytest.raises(PreconditionFailed, match=r"set elasticsearch\.name"):
        ElasticWriter(settings)
    assert client.indices.exists(index=settings.name)


def test_a_name_longer_than_a_term_is_found_by_its_parts(settings: ElasticSettings) -> None:
    writer, reader = ElasticWriter(settings), ElasticReader(settings)
    name = "贵州" + "长" * 20_000 + "优品"
    writer.apply([document(1, name)], [], Progress())
    assert _found(reader, "优品") == [name]
    reader.close()
    writer.close()


def test_the_last_page_is_given(settings: ElasticSettings) -> None:
    writer, reader = ElasticWriter(settings), ElasticReader(settings)
    writer.apply([document(n, "优品") for n in range(10_050)], [], Progress())
    query = parse_query("优品", field="query")
    page = reader.search(query, filters=Filters(), offset=9_999, limit=100)
    assert [d.credit_code for d in page.documents] == [code(n) for n in range(9_999, 10_050)]
    assert page.total == 10_000
    reader.close()
    writer.close()


TYPED = (
    "贵阳优品", "优品电子", "电子商务有限公司", "贵州黔货", "茶叶商行", "老王", "清镇老王茶叶", "gzyp", "guiyang", "laowang",
    "qianhuo", "youpindianzi", "贵洲优品电子商务", "老王茶叶有限公司", "9152", "91520102MA600000", "电商", "黔货出山科技",
)  # fmt: skip


def test_both_engines_find_the_same(settings: ElasticSettings, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tantivy")
    writers, readers = (
        (ElasticWriter(settings), TantivyWriter(folder)),
        (ElasticReader(settings), TantivyReader(folder)),
    )
    places, brands = ("贵州", "贵阳", "遵义", "清镇市", "贵阳市云岩区"), ("优品", "黔货", "老王", "黔货出山", "长江")
    trades, forms = ("电子商务", "茶叶", "科技", "辣椒", ""), ("有限公司", "商行", "店", "有限责任公司贵阳分公司")
    names = [p + b + t + f for p in places for b in brands for t in trades for f in forms]
    for writer in writers:
        writer.apply([document(n, name) for n, name in enumerate(names)], [], Progress())
    for typed in TYPED:
        query = parse_query(typed, field="query")
        ours, theirs = (r.search(query, filters=Filters(), offset=0, limit=1000) for r in readers)
        assert ours.total == theirs.total, typed
        assert {d.credit_code for d in ours.documents} == {d.credit_code for d in theirs.documents}, typed
    for opened in (*readers, *writers):
        opened.close()


def _put_record(client: Client, settings: ElasticSettings, put: Document) -> None:
    """Put a record as a writer does that dies before it puts the keys; nothing is refreshed."""
    Bulk(client, records_alias(settings)).put({put.credit_code: put}, lambda some: map(record_action, some))


def test_a_hit_shows_its_record_as_it_was_written_last(settings: ElasticSettings, client: Client) -> None:
    with closing(ElasticWriter(settings)) as writer, closing(ElasticReader(settings)) as reader:
        writer.apply([document(n, f"优品{n}店") for n in (1, 2)], [], Progress())
        newer = document(1, "优品1店", version=2, grade="D")
        _put_record(client, settings, newer)
        for typed in ("优品1店", code(1)):
            query = parse_query(typed, field="query")
            assert reader.search(query, filters=Filters(), offset=0, limit=1).documents == (newer,)
        query = parse_query("优品", field="query")
        found = reader.search(query, filters=Filters(grades=("A",)), offset=0, limit=5)
        assert ([d.credit_code for d in found.documents], found.total) == ([code(2)], 1), "one is of no such grade now"
        client.delete(index=records_alias(settings), id=code(2))
        found = reader.search(query, filters=Filters(), offset=0, limit=5)
        assert ([d.credit_code for d in found.documents], found.total) == ([code(1)], 1), "one has gone"


def test_keys_are_put_after_a_writer_that_died_before_it_put_them(settings: ElasticSettings, client: Client) -> None:
    last = document(1, "新名称商贸", version=5)
    with closing(ElasticWriter(settings)) as writer:
        writer.apply([document(1, "旧名称商贸", version=4)], [], Progress())
    _put_record(client, settings, last)
    with closing(ElasticWriter(settings)) as writer, closing(ElasticReader(settings)) as reader:
        writer.apply([last], [], Progress())
        assert _found(reader, "新名称") == ["新名称商贸"]
        assert _found(reader, "旧名") == []


def test_keys_are_put_only_when_what_is_searched_changes(settings: ElasticSettings, client: Client) -> None:
    with closing(ElasticWriter(settings)) as writer:
        written = []
        for version, grade in ((1, "A"), (2, "A"), (3, "B"), (4, "B"), (5, "A")):
            writer.apply([document(1, "优品一店", version=version, grade=grade)], [], Progress())
            written.append(client.get(index=settings.name, id=code(1))["_version"])
        assert written == [1, 1, 3, 3, 5]


@pytest.mark.parametrize(("shard", "wanted"), [(0, 4), (100, 4), (128, 8), (1000, 32), (1100, 64), (10_000, 512)])
def test_a_segment_holds_up_to_a_sixteenth_of_its_shard_and_four_megabytes_at_least(shard: int, wanted: int) -> None:
    assert bound(shard << 20) == wanted << 20


def test_the_bound_of_segments_follows_the_size_of_the_index(
    settings: ElasticSettings, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str:
        [found] = client.indices.get_settings(index=settings.name).body.values()
        merge: dict[str, str] = found["settings"]["index"]["merge"]["policy"]
        return merge["max_merged_segment"]

    with closing(ElasticWriter(settings)) as writer:
        writer.apply([document(1, "优品一店")], [], Progress())
        assert told() == f"{4 << 20}b"
        monkeypatch.setattr(elastic_segments, "LEAST_BYTES", 512)
        monkeypatch.setattr(elastic_segments, "FIT_SECONDS", 0.0)
    with closing(ElasticWriter(settings)) as writer:
        writer.apply([document(n, f"优品{n}号店") for n in range(300)], [], Progress())
        small = told()
        writer.apply([document(n, f"优品{n}号店") for n in range(300, 3000)], [], Progress())
        assert 512 <= int(small[:-1]) < int(told()[:-1]) < 4 << 20
