"""The lines of the README do what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from ghar.tests.serving import copy_data_dir, private_env, serving

README = settings.BASE_DIR / "README.md"


TOLD = [
    "confirmed 4",
    "('scheduled', '')",
    "('rescheduled', 'After work')",
    "('assigned', 'Knows the building')",
    "('confirmed', '')",
]
MET = [
    "False",
    "text Hi! Have you seen the room yet?",
    "rescheduled visitor",
    "403 permission_denied",
    "confirmed None",
    "('text', None)",
    "('visit_request', 'confirmed')",
    "completed We take it",
    "unmatched",
    "cancelled The two are no longer matched.",
]
# They go on with the conversation that they had.
SAID = MET.index("('text', None)")
MET_AGAIN = [*MET[:SAID], "('text', None)", "('visit_request', 'cancelled')", *MET[SAID:]]


def lines():
    """What the README says to paste, one block after the other."""
    blocks = re.findall(r"<!-- a test runs this block -->\n```sh\n(.*?)```", README.read_text(), re.S)
    assert len(blocks) == 2
    return "".join(blocks)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_a_tour_from_sign_up_to_done_and_a_meet_from_a_swipe(tmp_path, demo_data_dir):
    with serving(private_env(copy_data_dir(demo_data_dir, tmp_path / "data"))) as server:
        first, again = paste(server.port), paste(server.port)
    done = first.pop(len(TOLD))
    assert done.startswith("completed 20")
    assert first == [*TOLD, *MET]
    assert again.pop(len(TOLD)) == done
    assert again == [*TOLD, *MET_AGAIN]


def paste(port):
    """What the lines print, but for the first two, which differ from day to day."""
    script = lines().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    command = ["bash", "-euo", "pipefail", "-c", script]
    # The lines start python3 some 70 times: the one of the tests, and no shim that looks for one.
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, env=os.environ | path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    moved, agent, *told = done.stdout.splitlines()
    assert moved.startswith("rescheduled 20")
    assert moved.endswith("agency")
    assert agent
    return told
