"""Real engines for the tests that claim them: started once a session, stopped with it.

Where one cannot be had, the test fails in CI; elsewhere it is skipped, loudly, naming what to install.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.engines import runner
from deploy.engines.engine import Engine
from services.common.errors import DependencyUnavailable

#: Servers are fetched once and kept beside other state.
SOFTWARE = Path(__file__).parents[1] / "var" / "engines" / "software"


@contextmanager
def running(engine: Engine) -> Iterator[None]:
    """Run an engine for a while; see the module for what happens when it cannot be had."""
    try:
        runner.start(engine, dies_with_parent=True)
    except DependencyUnavailable as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{engine.name} cannot be had: {missing}")
    try:
        yield
    finally:
        runner.stop(engine)
