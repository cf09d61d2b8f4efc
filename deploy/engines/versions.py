"""What is run, pinned: versions, the digests that Maven Central does not serve, and the Java that each needs."""

from dataclasses import dataclass

KAFKA = "4.3.0"
KAFKA_JAVA = 17
POSTGRES = 15
DEFAULT_ELASTICSEARCH = "8.19.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticsearchRelease:
    """One release: its version, the SHA-256 of its zip, and the least Java major that runs it."""

    version: str
    sha256: str
    java: int


#: Central keeps no checksum beside these zips, so Maven cannot check them; we do.
ELASTICSEARCH = {
    release.version: release
    for release in (
        ElasticsearchRelease(
            version="8.19.5", java=17, sha256="5d3a8f63f66d828a24d29f88819bf2c6e695d124c470da3ab92a5d6cc1397785"
        ),
        ElasticsearchRelease(
            version="9.2.0", java=21, sha256="bf44938a0490ba2a303d39c9cb64b38963dd08c812ce93e10816e878585bcb6b"
        ),
    )
}
