"""How Elasticsearch is reached: the settings, a client that speaks to its majors, and its failures as our own errors."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import (
    ApiError,
    AuthenticationException,
    AuthorizationException,
    Elasticsearch,
    NotFoundError,
    OrjsonSerializer,
    TransportError,
    UnsupportedProductError,
)

from services.common.errors import DependencyUnavailable, FieldViolation, InvalidInput, PreconditionFailed

#: What the client of major 8 can speak to; a server understands clients of its own major and of the one before.
MAJORS = (8, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticSettings:
    """Where the index is, and who we are there; checked when it is made.

    Attributes:
        urls: one or more nodes, all `https://…` or all `http://…`.
        name: the alias that is searched; the generations, their templates and the writer's lease are named after it.
        api_key: the encoded key; only over TLS. The writer needs the cluster rights `monitor` and
            `manage_index_templates` and every right on `<name>*`; a reader `monitor`, and `read` on `<name>*`.
        ca_certs: the certificates to trust instead of the system's.
        shards: of each of the two indices of a new generation. One holds some tens of millions of records; a country takes eight.
        replicas: copies beside the first; 0 on a single node, where a copy has no place to go.
        timeout_seconds: of one request; a bulk of the largest size takes some two.

    Raises:
        InvalidInput: naming the setting that contradicts another.
    """

    urls: tuple[str, ...]
    name: str = "merchantcredit-record"
    api_key: str = field(default="", repr=False)
    ca_certs: Path | None = None
    shards: int = 1
    replicas: int = 1
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        schemes = {urlsplit(url).scheme for url in self.urls}
        if schemes not in ({"http"}, {"https"}):
            raise _wrong("urls", "give one or more nodes, all https://… or all http://…")
        if self.api_key and schemes != {"https"}:
            raise _wrong("api_key", "a key goes over TLS only: write https:// in urls")
        if self.ca_certs is not None and schemes != {"https"}:
            raise _wrong("ca_certs", "certificates are for TLS: write https:// in urls, or leave them out")
        if self.ca_certs is not None and not self.ca_certs.is_file():
            raise _wrong("ca_certs", f"there is no file {self.ca_certs}")
        for name, value, least in (("shards", self.shards, 1), ("replicas", self.replicas, 0)):
            if value < least:
                raise _wrong(name, f"give {least} or more")


def connect(settings: ElasticSettings) -> Elasticsearch:
    """Return a client of servers that it can speak to; for many threads.

    Raises PreconditionFailed naming the node when one is of a major that the client cannot speak to, and
    DependencyUnavailable when none answers.
    """
    trust: dict[str, Any] = {"ca_certs": str(settings.ca_certs)} if settings.ca_certs else {}
    client = Elasticsearch(
        list(settings.urls),
        api_key=settings.api_key or None,
        request_timeout=settings.timeout_seconds,
        serializer=OrjsonSerializer(),  # twice the bulk of the standard one
        **trust,
    )
    try:
        _check_majors(client)
    except BaseException:
        client.close()
        raise
    return client


def _check_majors(client: Elasticsearch) -> None:
    """Ask every node: `GET /` tells of one only, and the test distribution does not have it."""
    spoken = " or ".join(map(str, MAJORS))
    with answering():
        try:
            nodes = client.nodes.info(filter_path="nodes.*.version").get("nodes", {})
        except (ApiError, UnsupportedProductError) as error:
            if isinstance(error, UnsupportedProductError) or error.meta.status in (400, 406):
                raise PreconditionFailed(
                    f"run Elasticsearch {spoken}: the server refuses our client: {error}"
                ) from error
            raise
    for node, told in nodes.items():
        if int(told["version"].split(".")[0]) not in MAJORS:
            raise PreconditionFailed(
                f"run Elasticsearch {spoken}: node {node} is {told['version']}",
                metadata={"node": node, "version": told["version"]},
            )


@contextmanager
def answering() -> Iterator[None]:
    """Raise DependencyUnavailable for what the server's state, its load, or our rights there make impossible now."""
    try:
        yield
    except TransportError as error:
        raise DependencyUnavailable(f"Elasticsearch does not answer: {error.message}") from error
    except (AuthenticationException, AuthorizationException) as error:
        raise DependencyUnavailable(
            f"Elasticsearch refuses the key: look at api_key and its rights: {error}"
        ) from error
    except NotFoundError as error:
        raise DependencyUnavailable("the search index was taken away: start its writer") from error
    except ApiError as error:
        if error.meta.status not in (408, 429, 502, 503, 504):
            raise
        raise DependencyUnavailable(f"Elasticsearch cannot take it now: {error}") from error


def look_up(client: Elasticsearch, index: str, ids: Sequence[str], **options: Any) -> list[Mapping[str, Any]]:
    """Return the documents of ids that are there; the options are those of the server's `_mget`.

    Raises DependencyUnavailable when of one it cannot be told now.
    """
    told: list[Mapping[str, Any]] = client.mget(index=index, ids=ids, **options)["docs"]
    if failed := next((document["error"] for document in told if "error" in document), None):
        raise DependencyUnavailable(f"Elasticsearch cannot read {index} now: {failed['reason']}")
    return [document for document in told if document["found"]]


def _wrong(name: str, fix: str) -> InvalidInput:
    return InvalidInput(f"elasticsearch.{name}: {fix}", violations=(FieldViolation(field=name, description=fix),))
