"""The role that installs the index templates, for a cluster where the writer's key may not."""

from uuid import uuid4

from deploy.engines.elasticsearch import Elasticsearch
from services.search import cluster
from services.search.adapters.elastic_client import ElasticSettings
from services.search.adapters.elastic_schema import SCHEMA_VERSION


def test_the_templates_are_there_before_any_index_and_may_be_installed_again(elasticsearch: Elasticsearch) -> None:
    name = f"t{uuid4().hex[:12]}"
    for shards in (1, 2):
        cluster.install_template(ElasticSettings(urls=(elasticsearch.url,), name=name, shards=shards))
    with elasticsearch.client() as client:
        found = client.indices.get_index_template(name=f"{name}*")["index_templates"]
        assert list(client.indices.get(index=f"{name}*")) == []
    installed = {told["name"]: told["index_template"] for told in found}
    assert {name: told["index_patterns"] for name, told in installed.items()} == {
        f"{name}-{kind}": [f"{name}-v{SCHEMA_VERSION}-*-{kind}"] for kind in ("keys", "records")
    }
    shards = [told["template"]["settings"]["index"]["number_of_shards"] for told in installed.values()]
    assert shards == ["2", "2"]
