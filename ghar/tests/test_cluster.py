"""The embedded PostgreSQL, as several processes use it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from ghar.database import database_settings
from ghar.database.binaries import ClusterError
from ghar.database.cluster import Cluster

USER = """
import sys
from pathlib import Path
from ghar.database.cluster import Cluster
cluster = Cluster(Path(sys.argv[1]))
cluster.ensure_running()
print((cluster.data / "postmaster.pid").read_text().split()[0], flush=True)
sys.stdin.readline()
"""


class Process:
    """Another process that uses the cluster until it is told to leave."""

    def __init__(self, root):
        command = [sys.executable, "-c", USER, str(root)]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def server(self):
        return int(self.popen.stdout.readline())

    def leave(self):
        self.popen.communicate("\n", timeout=20)
        assert self.popen.returncode == 0

    def kill(self):
        self.popen.kill()
        self.popen.communicate(timeout=20)


def runs(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def sql(cluster, query):
    with psycopg.connect(host=str(cluster.socket), user="ghar", dbname="ghar", autocommit=True) as database:
        return database.execute(query)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A cluster's directory, nobody using it at present."""
    root = tmp_path_factory.mktemp("cluster") / "postgres"
    Process(root).leave()
    return root


@pytest.fixture
def cluster(made):
    cluster = Cluster(made)
    yield cluster
    cluster.release()


def test_simultaneous_first_starts_make_one_server_and_the_last_to_leave_stops_it(tmp_path):
    users = [Process(tmp_path / "postgres") for _ in range(3)]
    (server,) = {user.server() for user in users}
    users[0].leave()
    users[1].leave()
    assert runs(server)
    users[2].leave()
    assert not runs(server)
    assert not (tmp_path / "postgres/data/postmaster.pid").exists()


def test_a_restart_keeps_what_was_written(cluster):
    cluster.ensure_running()
    sql(cluster, "CREATE TABLE kept AS SELECT 42 AS answer")
    cluster.release()
    cluster.ensure_running()
    assert sql(cluster, "SELECT answer FROM kept").fetchone() == (42,)


def test_a_killed_user_leaves_the_server_to_the_next_who_stops_it(made):
    first = Process(made)
    server = first.server()
    first.kill()
    assert runs(server)
    second = Process(made)
    assert second.server() == server
    second.leave()
    assert not runs(server)


def test_a_server_that_died_is_brought_up_for_those_who_use_it(cluster):
    cluster.ensure_running()
    os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    with pytest.raises(psycopg.OperationalError):
        while True:
            sql(cluster, "SELECT 1")
    cluster.ensure_running()
    assert sql(cluster, "SELECT 1").fetchone() == (1,)


def test_stale_pid_files_that_name_a_living_process_are_no_obstacle(cluster):
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        for file in (cluster.data / "postmaster.pid", cluster.socket / ".s.PGSQL.5432.lock"):
            file.write_text(f"{bystander.pid}\n{cluster.data}\n1\n5432\n{cluster.socket}\n\n")
        cluster.ensure_running()
        assert sql(cluster, "SELECT 1").fetchone() == (1,)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_path_too_long_for_a_socket_and_full_of_odd_characters(made, tmp_path):
    root = tmp_path / ("deep " * 12) / 'it\'s "here", $HOME' / ("x" * 40)
    shutil.copytree(made, root, ignore=shutil.ignore_patterns("*.pid", "run"))
    cluster = Cluster(root)
    cluster.ensure_running()
    assert sql(cluster, "SHOW data_directory").fetchone() == (str(root / "data"),)
    cluster.release()
    assert not cluster.socket.exists()


def test_what_an_interrupted_initdb_left_is_made_anew(tmp_path):
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new/PG_VERSION").write_text("18\n")
    cluster = Cluster(tmp_path)
    cluster.ensure_running()
    assert sql(cluster, "SHOW timezone").fetchone() == ("UTC",)
    cluster.release()


def test_a_cluster_of_another_version_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/PG_VERSION").write_text("9\n")
    cluster = Cluster(tmp_path)
    with pytest.raises(ClusterError, match="was made by PostgreSQL 9, .*GHAR_PG_BIN"):
        cluster.ensure_running()
    cluster.release()


def test_binaries_that_are_not_there_are_named_by_their_variable(tmp_path):
    cluster = Cluster(tmp_path, "/nowhere")
    with pytest.raises(ClusterError, match="GHAR_PG_BIN must name a directory .*'/nowhere'"):
        cluster.ensure_running()
    cluster.release()


@pytest.mark.django_db
def test_django_has_its_test_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('synchronous_commit')")
        name, synchronous_commit = cursor.fetchone()
    assert name.startswith("test_ghar")
    assert synchronous_commit == "off"


def test_a_database_url_is_taken_apart():
    settings = database_settings(
        "postgresql://me:p%40ss@db.example:6432/ghar?sslmode=require", Path("/unused")
    )
    assert settings["ENGINE"] == "django.db.backends.postgresql"
    assert {key: settings[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")} == {
        "NAME": "ghar",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": "6432",
        "OPTIONS": {"connect_timeout": 10, "sslmode": "require"},
    }


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@host/ghar",
        "sqlite:///ghar.db",
        "ghar",
        "postgresql://me:secret@host:54x/ghar",
        "postgresql://me:secret@host",
        "postgresql://me:secret@host/ghar?colour=red",
        "postgresql://me:secret@[::1/ghar",
    ],
)
def test_a_broken_database_url_is_refused_by_name_without_its_password(url):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refusal:
        database_settings(url, Path("/unused"))
    assert "secret" not in str(refusal.value)
