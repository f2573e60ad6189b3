import os
import subprocess
import sys

import pytest

from ghar.tests.serving import MANAGE


@pytest.fixture
def manage(tmp_path):
    """`manage(*arguments, **env)` runs manage.py with its own data directory and no settings but `env`."""

    def run(*arguments, **env):
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "PYTHONPATH", "HOME"}}
        return subprocess.run(
            [sys.executable, MANAGE, *arguments],
            env={**kept, "GHAR_DATA_DIR": str(tmp_path / "data"), **env},
            capture_output=True,
            text=True,
        )

    return run
