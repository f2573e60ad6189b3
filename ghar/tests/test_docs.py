"""What the documentation says of the settings is what the settings are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_settings_names_those_that_are_read():
    read = set(re.findall(r"""env_\w+\(\s*["']([A-Z_]+)["']""", (ROOT / "ghar/settings.py").read_text()))
    table = (ROOT / "docs/operations.md").read_text().partition("## Settings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall("`([A-Z_]+)`", row)]
    assert sorted(named) == sorted(read)
