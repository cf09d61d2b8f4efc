"""Finds a Java that is new enough: JAVA_HOME, then PATH, then /usr/lib/jvm."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from services.common.errors import DependencyUnavailable

JVMS = Path("/usr/lib/jvm")
#: Engines here run for minutes on few cores: the second compiler takes more of these than it gives back (docs/decisions/0081).
QUICK_START = "-XX:TieredStopAtLevel=1"
#: A small heap is collected at once in less than the collector that works beside it would take of two cores (0082).
SMALL_HEAP = "-XX:+UseSerialGC"


def java_home(least: int) -> Path:
    """Return the home of the oldest Java that is at least of this major: the one that its engine was tested with.

    Raises DependencyUnavailable naming the package to install.
    """
    found = {home: major for home in _homes() if (major := _major(home)) is not None}
    enough = [home for home, major in found.items() if major >= least]
    if not enough:
        package = f"openjdk-{least}-jre-headless" if least == 17 else f"Java {least} (for example temurin-25-jdk)"
        raise DependencyUnavailable(
            f"Java {least} or later is missing: install {package}, or set JAVA_HOME; found {sorted(found.values())}"
        )
    return min(enough, key=lambda home: found[home])


def _homes() -> Iterator[Path]:
    if os.environ.get("JAVA_HOME"):
        yield Path(os.environ["JAVA_HOME"])
    if on_path := shutil.which("java"):
        yield Path(on_path).resolve().parents[1]
    yield from sorted({link.resolve() for link in JVMS.glob("*") if link.is_dir()})


@lru_cache
def _major(home: Path) -> int | None:
    java = home / "bin" / "java"
    if not java.exists():
        return None
    said = subprocess.run([str(java), "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    return int(version.group(1)) if version else None
