"""Functions stand in files, which migrations run and the doctor compares with the database."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.migrations.writer import OperationWriter

from ghar import doctor
from ghar.migration_operations import InstallSQL
from ghar.sql_files import SQLFile

pytestmark = pytest.mark.django_db

COUNTS = "agents/sql/agents_count_engagements.sql"


def installed():
    return doctor.installed_files(list(doctor.all_operations(MigrationLoader(None))))


def run(operation, backwards=False):
    state = ProjectState()
    with connection.schema_editor() as editor:
        change = operation.database_backwards if backwards else operation.database_forwards
        change("agents", editor, state, state)


def in_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'agents_count%'")
        functions = cursor.fetchall()
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'agents_count%' ORDER BY tgname")
        return functions, cursor.fetchall()


def test_every_file_is_installed_and_named_as_its_function():
    there = {str(path.relative_to(settings.BASE_DIR)) for path in settings.BASE_DIR.glob("*/sql/*.sql")}
    assert {each.path for each in installed()} == there
    assert all(each.function == Path(each.path).stem for each in installed())


def test_a_file_may_be_run_again_and_is_what_the_database_then_has():
    for each in installed():
        run(InstallSQL(each.path))
    assert doctor.functions(installed()).seen == f"all {len(installed())} as in their files"
    assert doctor.triggers(installed()).is_well


def test_going_back_drops_the_function_and_its_triggers():
    before = in_database()
    assert [len(found) for found in before] == [1, 3]
    run(InstallSQL(COUNTS), backwards=True)
    assert in_database() == ([], [])
    run(InstallSQL(COUNTS))
    assert in_database() == before


def test_going_back_over_a_second_installation_leaves_them():
    before = in_database()
    run(InstallSQL(COUNTS, again=True))
    run(InstallSQL(COUNTS, again=True), backwards=True)
    assert in_database() == before


def test_a_migration_writes_it_as_it_stands_there():
    written, _ = OperationWriter(InstallSQL(COUNTS), indentation=0).serialize()
    assert written == f"ghar.migration_operations.InstallSQL(\n    path='{COUNTS}',\n),"


def test_a_file_with_no_function_or_two_is_no_such_file(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    (tmp_path / "two.sql").write_text(SQLFile("one.sql").path)
    with pytest.raises(ValueError, match=r"two\.sql must create one function"):
        SQLFile("two.sql").function  # noqa: B018
