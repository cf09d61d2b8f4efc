"""The role that installs the index template, for a cluster where the writer's key may not."""

from uuid import uuid4

from deploy.engines.elasticsearch import Elasticsearch
from services.search import cluster
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_schema import SCHEMA_VERSION


def test_the_template_is_there_before_any_index_and_may_be_installed_again(elasticsearch: Elasticsearch) -> None:
    name = f"t{uuid4().hex[:12]}"
    for shards in (1, 2):
        cluster.install_template(ElasticSettings(urls=(elasticsearch.url,), name=name, shards=shards))
    with elasticsearch.client() as client:
        [found] = client.indices.get_index_template(name=name)["index_templates"]
        assert list(client.indices.get(index=f"{name}*")) == []
    assert found["index_template"]["index_patterns"] == [f"{name}-v{SCHEMA_VERSION}-*"]
    assert found["index_template"]["template"]["settings"]["index"]["number_of_shards"] == "2"
