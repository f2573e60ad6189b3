"""Management commands, run in the test's process."""

from io import StringIO

from django.core.management import call_command


def run(command: str, **options: object) -> str:
    """Run a management command and return its output."""
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()
