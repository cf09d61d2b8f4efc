"""Elasticsearch keeps the contract of the search index; and what only it has: names, majors, a lock that expires."""

from collections.abc import Callable, Iterator, Sequence
from uuid import uuid4

import pytest

from deploy.engines.elasticsearch import Elasticsearch
from services.common.errors import DependencyUnavailable, PreconditionFailed
from services.search.adapters.elastic_client import ElasticSettings, check_major
from services.search.adapters.elastic_names import indexes
from services.search.adapters.elastic_reader import ElasticReader
from services.search.adapters.elastic_writer import ElasticWriter
from services.search.application.ports import Progress, SearchReader, SearchWriter
from tests.contract.search_index.suite import SearchIndexContract, document


@pytest.fixture
def settings(elasticsearch: Elasticsearch) -> Iterator[ElasticSettings]:
    """Return settings with names of the test's own; its indexes go with it."""
    made = ElasticSettings(url=elasticsearch.url, prefix=f"t{uuid4().hex[:12]}")
    yield made
    with elasticsearch.client() as client:
        if names := [*indexes(client, made)]:
            client.indices.delete(index=names)


class TestElasticsearch(SearchIndexContract):
    reader_process = (
        "import sys\n"
        "from services.search.adapters.elastic_client import ElasticSettings\n"
        "from services.search.adapters.elastic_reader import ElasticReader\n"
        "reader = ElasticReader(ElasticSettings(url=sys.argv[1], prefix=sys.argv[2]))\n"
    )

    @pytest.fixture
    def open_writer(self, settings: ElasticSettings) -> Callable[[], SearchWriter]:
        return lambda: ElasticWriter(settings)

    @pytest.fixture
    def open_reader(self, settings: ElasticSettings) -> Callable[[], SearchReader]:
        return lambda: ElasticReader(settings)

    @pytest.fixture
    def reader_arguments(self, settings: ElasticSettings) -> Sequence[str]:
        return [settings.url, settings.prefix]


def test_what_a_killed_rebuild_left_goes_at_the_next_start(
    settings: ElasticSettings, elasticsearch: Elasticsearch
) -> None:
    ElasticWriter(settings).close()
    with elasticsearch.client() as client:
        client.indices.create(index=f"{settings.prefix}-v1-000077")
        ElasticWriter(settings).close()
        assert len(indexes(client, settings)) == 1


def test_an_index_of_other_code_is_not_read_and_asks_to_be_rebuilt(
    settings: ElasticSettings, elasticsearch: Elasticsearch
) -> None:
    with elasticsearch.client() as client:
        other = f"{settings.prefix}-v999-000001"
        client.indices.create(index=other, aliases={f"{settings.prefix}-v999": {}})
        reader, writer = ElasticReader(settings), ElasticWriter(settings)
        assert writer.needs_rebuild()
        with pytest.raises(DependencyUnavailable):
            reader.reload()
        with pytest.raises(PreconditionFailed):
            writer.apply([document(1, "店")], [], Progress())
        with writer.rebuild() as fresh:
            fresh.apply([document(1, "新店")], [], Progress())
        assert not writer.needs_rebuild()
        reader.reload()
        writer.close()
        ElasticWriter(settings).close()
        assert other not in indexes(client, settings)


@pytest.mark.parametrize("version", ["8.19.5", "9.2.0"])
def test_servers_of_these_majors_are_spoken_to(version: str) -> None:
    check_major(version)


@pytest.mark.parametrize("version", ["7.17.29", "10.0.0"])
def test_another_major_is_refused_by_name(version: str) -> None:
    with pytest.raises(PreconditionFailed, match=rf"Elasticsearch {version}.* major 8 or 9"):
        check_major(version)


def test_a_server_that_does_not_answer_is_said() -> None:
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        ElasticReader(ElasticSettings(url="http://127.0.0.1:1"))
