"""Data directories with an embedded database, each made once in a run of the tests."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ghar.tests.serving import copy_data_dir, private_env, run_manage


def make_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Let one of the workers of pytest-xdist make a directory, and the others wait for it."""
    base = factory.getbasetemp()
    # Each worker has a directory of its own in the one of the run.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with open(shared / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made, unfinished = shared / name, shared / f"{name}.unfinished"
        if not made.exists():
            make(unfinished)
            unfinished.rename(made)
    return made


@pytest.fixture(scope="session")
def migrated_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with all tables and no rows. Copy it; do not start a server on it."""
    return make_once(
        tmp_path_factory, "migrated", lambda path: run_manage(private_env(path), "migrate", "-v0")
    )


@pytest.fixture(scope="session")
def demo_data_dir(tmp_path_factory: pytest.TempPathFactory, migrated_data_dir: Path) -> Path:
    """A data directory with the demo data. Copy it; do not start a server on it."""

    def make(path: Path) -> None:
        run_manage(private_env(copy_data_dir(migrated_data_dir, path)), "seed_demo")

    return make_once(tmp_path_factory, "demo", make)
