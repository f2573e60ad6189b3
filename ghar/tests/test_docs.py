"""The documentation names the settings and commands that exist."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_settings_lists_exactly_the_variables_that_are_read():
    read = set(re.findall(r"""env_\w+\(\s*["']([A-Z_]+)["']""", (ROOT / "ghar/settings.py").read_text()))
    table = (ROOT / "docs/operations.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall("`([A-Z_]+)`", row)]
    assert sorted(named) == sorted(read)


def test_the_regular_jobs_in_the_documentation_are_commands():
    jobs = (ROOT / "docs/operations.md").read_text().partition("## Regular jobs")[2].partition("\n## ")[0]
    named = [row.split("`")[1] for row in jobs.splitlines() if row.startswith("| `")]
    assert named == [
        "assign_pending_visits",
        "close_idle_engagements",
        "reconcile_agent_load",
        "prune_events",
        "mcpz oauth clear",
        "clearsessions",
    ]
    assert {name.split()[0] for name in named} <= get_commands().keys()


OURS = {name: app for name, app in get_commands().items() if (ROOT / app.replace(".", "/")).is_dir()}


@pytest.mark.parametrize("name", OURS)
def test_every_command_and_every_option_has_a_description(name):
    command = load_command_class(OURS[name], name)
    parser = command.create_parser("manage.py", name)
    assert len(parser.description) > 40
    assert [action.dest for action in parser._actions if not action.help] == []


def test_the_check_of_descriptions_covers_our_commands():
    assert {"doctor", "serve", "seed_demo", "import_listings", "assign_pending_visits"} <= OURS.keys()
