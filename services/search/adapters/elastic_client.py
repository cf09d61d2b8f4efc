"""How Elasticsearch is reached: address, TLS, key; the server's major is checked before anything is asked of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from elasticsearch import ApiError, AuthenticationException, AuthorizationException, Elasticsearch, TransportError
from elasticsearch.serializer import OrjsonSerializer

from services.common.errors import DependencyUnavailable, PreconditionFailed

#: A client of major 8 speaks to servers of 8, and of 9 in their compatible mode; it refuses nothing else by itself.
MAJORS = (8, 9)
REQUEST_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticSettings:
    """Where the cluster is and how the index is kept there.

    Attributes:
        url: https://HOST:PORT, or http:// where the network is trusted.
        prefix: the beginning of the names of indexes and aliases, for clusters that several installations share.
        api_key: an API key with rights on these names; empty without security.
        ca_certs: the file of the authority that signed the server's certificate; empty for the system's.
        replicas: further copies of each index.
    """

    url: str
    prefix: str = "merchantcredit-record"
    api_key: str = ""
    ca_certs: str = ""
    replicas: int = 0


def connect(settings: ElasticSettings) -> Elasticsearch:
    """Return a client of a server that answers and that we can talk to.

    Raises DependencyUnavailable when it does not answer or refuses the key, PreconditionFailed for another major.
    """
    options: dict[str, object] = {"request_timeout": REQUEST_SECONDS, "serializer": OrjsonSerializer()}
    if settings.api_key:
        options["api_key"] = settings.api_key
    if settings.ca_certs:
        options["ca_certs"] = settings.ca_certs
    client = Elasticsearch(settings.url, **options)  # type: ignore[arg-type]
    with speaking():
        # `GET /` is not in every distribution; the nodes tell their version in all of them.
        nodes = client.nodes.info(filter_path="nodes.*.version")["nodes"].values()
    for node in nodes:
        check_major(str(node["version"]))
    return client


def check_major(version: str) -> None:
    """Raise PreconditionFailed when a server's version is none that this client can talk to."""
    if int(version.split(".", 1)[0]) not in MAJORS:
        known = " or ".join(map(str, MAJORS))
        raise PreconditionFailed(f"the server is Elasticsearch {version}: this release needs major {known}")


@contextmanager
def speaking() -> Iterator[None]:
    """Turn what the client raises for an absent or refusing server into DependencyUnavailable."""
    try:
        yield
    except (AuthenticationException, AuthorizationException) as error:
        raise DependencyUnavailable(f"Elasticsearch refuses the API key or its rights: {error}") from error
    except TransportError as error:
        raise DependencyUnavailable(f"Elasticsearch does not answer: {error}") from error
    except ApiError as error:
        if error.status_code < 500:
            raise
        raise DependencyUnavailable(f"Elasticsearch fails: {error}") from error
