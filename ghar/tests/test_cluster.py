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

PROCESS = """
import sys
from pathlib import Path
from ghar.database.cluster import Cluster
cluster = Cluster(Path(sys.argv[1]))
cluster.ensure_running()
print((cluster.data / "postmaster.pid").read_text().split()[0], flush=True)
sys.stdin.readline()
"""


class Process:
    """Another process that uses the cluster until `leave` or `kill`."""

    def __init__(self, root):
        command = [sys.executable, "-c", PROCESS, str(root)]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def server(self):
        return int(self.popen.stdout.readline())

    def leave(self):
        self.popen.communicate("\n", timeout=20)
        assert self.popen.returncode == 0

    def kill(self):
        self.popen.kill()
        self.popen.communicate(timeout=20)


def is_running(pid):
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def sql(cluster, query):
    with psycopg.connect(host=str(cluster.socket), user="ghar", dbname="ghar", autocommit=True) as database:
        return database.execute(query)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The directory of a cluster that no process uses."""
    root = tmp_path_factory.mktemp("cluster") / "postgres"
    Process(root).leave()
    return root


@pytest.fixture
def cluster(root):
    cluster = Cluster(root)
    yield cluster
    cluster.release()


def test_processes_that_start_together_share_one_server_and_the_last_one_stops_it(tmp_path):
    users = [Process(tmp_path / "postgres") for _ in range(3)]
    (server,) = {user.server() for user in users}
    users[0].leave()
    users[1].leave()
    assert is_running(server)
    users[2].leave()
    assert not is_running(server)
    assert not (tmp_path / "postgres/data/postmaster.pid").exists()


def test_data_survives_a_restart(cluster):
    cluster.ensure_running()
    sql(cluster, "CREATE TABLE kept AS SELECT 42 AS answer")
    cluster.release()
    cluster.ensure_running()
    assert sql(cluster, "SELECT answer FROM kept").fetchone() == (42,)


def test_the_server_of_a_killed_process_is_used_and_stopped_by_the_next_one(root):
    first = Process(root)
    server = first.server()
    first.kill()
    assert is_running(server)
    second = Process(root)
    assert second.server() == server
    second.leave()
    assert not is_running(server)


def test_a_server_that_died_is_started_again(cluster):
    cluster.ensure_running()
    os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    with pytest.raises(psycopg.OperationalError):
        while True:
            sql(cluster, "SELECT 1")
    cluster.ensure_running()
    assert sql(cluster, "SELECT 1").fetchone() == (1,)


def test_stale_pid_files_that_name_another_process_do_not_prevent_a_start(cluster):
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


def test_a_data_directory_may_have_a_long_path_with_odd_characters(root, tmp_path):
    odd = tmp_path / ("deep " * 12) / 'it\'s "here", $HOME' / ("x" * 40)
    shutil.copytree(root, odd, ignore=shutil.ignore_patterns("*.pid", "run"))
    cluster = Cluster(odd)
    cluster.ensure_running()
    assert sql(cluster, "SHOW data_directory").fetchone() == (str(odd / "data"),)
    cluster.release()
    assert not cluster.socket.exists()


def test_an_interrupted_initdb_is_done_again(tmp_path):
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new/PG_VERSION").write_text("18\n")
    cluster = Cluster(tmp_path)
    cluster.ensure_running()
    assert sql(cluster, "SHOW timezone").fetchone() == ("UTC",)
    cluster.release()


def test_a_cluster_of_another_version_is_refused_with_a_way_out(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/PG_VERSION").write_text("9\n")
    cluster = Cluster(tmp_path)
    with pytest.raises(ClusterError, match="was made by PostgreSQL 9, .*GHAR_PG_BIN"):
        cluster.ensure_running()
    cluster.release()


def test_missing_programs_are_reported_by_the_name_of_the_variable(tmp_path):
    cluster = Cluster(tmp_path, "/nowhere")
    with pytest.raises(ClusterError, match="GHAR_PG_BIN must name a directory .*'/nowhere'"):
        cluster.ensure_running()
    cluster.release()


@pytest.mark.django_db
def test_tests_use_a_database_of_their_own_on_the_embedded_server():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('synchronous_commit')")
        name, synchronous_commit = cursor.fetchone()
    assert name.startswith("test_ghar")
    assert synchronous_commit == "off"


def test_a_database_url_becomes_djangos_settings():
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
