"""Whom we speak to and how: majors, TLS and keys on a server that asks for them, and settings that contradict."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from typing import Any, NamedTuple

import orjson
import pytest

from deploy.engines.certificate import write_certificate
from deploy.engines.elasticsearch import Elasticsearch, release_of
from services.common.errors import DependencyUnavailable, InvalidInput, PreconditionFailed
from services.search.adapters.elastic_client import ElasticSettings, connect
from tests.engines import SOFTWARE, running
from tests.ports import free_ports

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
#: id:secret, as the server encodes it.
UNKNOWN_KEY = "bm90OmFrZXk="


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elasticsearch]:
    folder = tmp_path_factory.mktemp("secure")
    engine = Elasticsearch(
        folder=folder, port=free_ports(), software=SOFTWARE, release=release_of(), is_secure=True, name="secure"
    )
    with running(engine):
        yield engine


@pytest.mark.parametrize("key", ["", UNKNOWN_KEY])
def test_without_a_key_that_is_known_nothing_is_told(secure: Elasticsearch, key: str) -> None:
    with pytest.raises(DependencyUnavailable, match="api_key"):
        connect(ElasticSettings(urls=(secure.url,), api_key=key, ca_certs=secure.certificate))


def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to(secure: Elasticsearch) -> None:
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        connect(ElasticSettings(urls=(secure.url,), api_key=UNKNOWN_KEY))


class Saying(NamedTuple):
    """A server that gives one answer to everything: its URL, and the headers of what it was asked."""

    url: str
    heard: Sequence[Message]


@contextmanager
def server_saying(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str], tls: SSLContext | None = None
) -> Iterator[Saying]:
    heard: list[Message] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers)
            content = orjson.dumps(body)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:  # pytest shows what fails
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Saying(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}", heard)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_key_goes_along_with_every_request(tmp_path: Path) -> None:
    """On a stand-in: the test distribution has no index for keys, it lacks the analysis module that this one needs."""
    certificate, private = tmp_path / "http.crt", tmp_path / "http.key"
    write_certificate(key=private, certificate=certificate)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, private)
    with server_saying(200, {"nodes": {"n1": {"version": "8.19.5"}}}, PRODUCT, tls) as server:
        connect(ElasticSettings(urls=(server.url,), api_key=UNKNOWN_KEY, ca_certs=certificate)).close()
    assert [headers["Authorization"] for headers in server.heard] == [f"ApiKey {UNKNOWN_KEY}"]


@pytest.mark.parametrize("version", ["7.17.29", "10.0.0"])
def test_another_major_is_refused_by_node_and_version(version: str) -> None:
    nodes = {"nodes": {"n1": {"version": "8.19.5"}, "n2": {"version": version}}}
    with (
        server_saying(200, nodes, PRODUCT) as server,
        pytest.raises(PreconditionFailed, match=f"run Elasticsearch 8 or 9: node n2 is {version}"),
    ):
        connect(ElasticSettings(urls=(server.url,)))


@pytest.mark.parametrize(("status", "headers"), [(400, PRODUCT), (200, {})])
def test_a_server_that_does_not_understand_the_client_is_said(status: int, headers: Mapping[str, str]) -> None:
    with (
        server_saying(status, {"error": {"type": "media_type_header_exception"}}, headers) as server,
        pytest.raises(PreconditionFailed, match="run Elasticsearch 8 or 9"),
    ):
        connect(ElasticSettings(urls=(server.url,)))


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(DependencyUnavailable, match="does not answer"):
        connect(ElasticSettings(urls=("http://127.0.0.1:1",)))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"urls": ()}, "urls"),
        ({"urls": ("es:9200",)}, "urls"),
        ({"urls": ("http://a:1", "https://b:1")}, "urls"),
        ({"urls": ("http://a:1",), "api_key": "k"}, "api_key"),
        ({"urls": ("http://a:1",), "ca_certs": Path(__file__)}, "ca_certs"),
        ({"urls": ("https://a:1",), "ca_certs": Path("/nowhere/ca.pem")}, "ca_certs"),
        ({"urls": ("http://a:1",), "shards": 0}, "shards"),
        ({"urls": ("http://a:1",), "replicas": -1}, "replicas"),
    ],
)
def test_contradictions_are_refused_by_name(wrong: Mapping[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ElasticSettings(**wrong)
    assert [violation.field for violation in refused.value.violations] == [field]
