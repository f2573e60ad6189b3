import os
import runpy
import subprocess
import sys

import pytest
from django.conf import settings

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


@pytest.fixture
def load_settings(tmp_path, monkeypatch):
    """`load_settings(**env)` returns the settings of a process with its own data directory and only `env`."""

    def load(**env):
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", {"GHAR_DATA_DIR": str(tmp_path / "data"), **env})
            return runpy.run_path(str(settings.BASE_DIR / "ghar/settings.py"))

    return load
