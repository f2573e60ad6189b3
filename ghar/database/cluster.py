"""The embedded PostgreSQL: made on first use, shared by all who use a data directory, stopped by the last.

Below its root: `data`, the cluster; `run`, its socket; `log`; `lock`, held by whoever starts or stops the
server; `users`, on which each process that uses the server holds a shared lock. The kernel drops that lock
however a process ends, so no list of users can be wrong. Who gets it exclusively on leaving was the last.
"""

import atexit
import fcntl
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from ghar.database import account, binaries
from ghar.database.binaries import ClusterError

NAME = USER = "ghar"
PORT = 5432
START_SECONDS = 60
SOCKET_PATH_BYTES = 107


def socket_directory(root: Path) -> Path:
    """`run` below the root, or a short directory when the socket's path would not fit into an address."""
    directory = root / "run"
    if len(os.fsencode(directory / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_BYTES:
        return directory
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return Path("/tmp", f"ghar-{digest}")


@functools.cache
def at(root: Path, pg_bin: str = "") -> "Cluster":
    return Cluster(root, pg_bin)


class Cluster:
    def __init__(self, root: Path, pg_bin: str = "") -> None:
        self.root = root
        self.data = root / "data"
        self.log = root / "log"
        self.socket = socket_directory(root)
        self._pg_bin = pg_bin
        self._turn = threading.Lock()
        self._users: int | None = None
        self._pid = 0

    def ensure_running(self) -> None:
        """Start the server or join those who use it; cheap once this process has joined."""
        if self._joined and self._ping() == pq.Ping.OK:
            return
        with self._turn, self._locked():
            self._join()
            if not self._answers():
                self._start()
            self._create_database()

    def release(self) -> None:
        """Leave the server, and stop it when nobody else uses it."""
        if not self._joined or self._users is None:
            return
        with self._turn, self._locked():
            users, self._users = self._users, None
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                self._stop()
            finally:
                os.close(users)

    @property
    def _joined(self) -> bool:
        """A forked child has not joined: the lock that it inherits is its parent's."""
        return self._users is not None and self._pid == os.getpid()

    def _join(self) -> None:
        if not self._joined:
            self._users = os.open(self.root / "users", os.O_RDONLY | os.O_CREAT, 0o644)
            self._pid = os.getpid()
            fcntl.flock(self._users, fcntl.LOCK_SH)
            atexit.register(self.release)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.root / "lock", os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError as error:
            raise ClusterError(f"{error}. Set GHAR_DATA_DIR to a directory of your own.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _conninfo(self) -> str:
        return make_conninfo(
            host=str(self.socket), port=PORT, user=USER, dbname="postgres", connect_timeout=5
        )

    def _ping(self) -> pq.Ping:
        return pq.Ping(pq.PGconn.ping(self._conninfo().encode()))

    def _answers(self) -> bool:
        """Whether it is up; one that is still starting is waited for."""
        deadline = time.monotonic() + START_SECONDS
        while (answer := self._ping()) == pq.Ping.REJECT and time.monotonic() < deadline:
            time.sleep(0.1)
        return answer == pq.Ping.OK

    def _create_database(self) -> None:
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if known.fetchone() is None:
                connection.execute(f"CREATE DATABASE {NAME}")

    def _start(self) -> None:
        if not self.data.exists():
            self._initialise()
        self._check_version()
        self._open_socket_directory()
        self._drop_stale_pids()
        self._run(
            "pg_ctl", "start", "-w", "-t", str(START_SECONDS), "-l", "log", "-o", self._server_options()
        )

    def _initialise(self) -> None:
        # Made under another name: an initdb that was killed leaves a directory that looks like a cluster.
        shutil.rmtree(self.root / "data.new", ignore_errors=True)
        self._run(
            *("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            data="data.new",
        )
        (self.root / "data.new").rename(self.data)

    def _server_options(self) -> str:
        options = {
            "listen_addresses": "",
            "port": PORT,
            "unix_socket_directories": '"{}"'.format(str(self.socket).replace('"', '""')),
            "max_connections": 200,
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())

    def _stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-t", "30", "-m", "fast")
        if self.socket.parent != self.root:
            with suppress(OSError):
                self.socket.rmdir()

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        if made_by != str(present := binaries.major_version(self._binaries)):
            raise ClusterError(
                f"{self.data} was made by PostgreSQL {made_by}, but {self._binaries} is {present}."
                f" Set GHAR_PG_BIN to the programs of {made_by}, or dump with those, move the directory"
                " away and load the dump."
            )

    def _open_socket_directory(self) -> None:
        """Make it, and refuse one of somebody else: whoever owns it can pose as the server."""
        who = self._account
        with suppress(FileExistsError):
            self.socket.mkdir(mode=0o700)
            who.own(self.socket)
        if self.socket.lstat().st_uid != (os.geteuid() if who.uid is None else who.uid):
            raise ClusterError(f"{self.socket} belongs to another user: remove it.")

    def _drop_stale_pids(self) -> None:
        """PostgreSQL takes any process, even a zombie, that has the pid of a dead server for that server."""
        for file in (self.data / "postmaster.pid", self.socket / f".s.PGSQL.{PORT}.lock"):
            with suppress(OSError, ValueError):
                process = Path("/proc", str(abs(int(file.read_text().split("\n")[0]))))
                if process.exists() and not self._serves(process):
                    file.unlink()

    def _serves(self, process: Path) -> bool:
        try:
            return (process / "cwd").readlink() == self.data.resolve()
        except OSError:
            return False

    @functools.cached_property
    def _binaries(self) -> Path:
        return binaries.find(self._pg_bin)

    @functools.cached_property
    def _account(self) -> account.Account:
        return account.choose(self._binaries, self.root, self.data)

    def _run(self, program: str, *arguments: str, data: str = "data") -> None:
        command = [str(self._binaries / program), "-D", data, *arguments]
        # The server inherits the output: a pipe would never be closed, a file does no harm.
        with open(self.root / f"{program}.out", "w+b") as output:
            done = self._account.run(command, cwd=self.root, stdout=output, stderr=subprocess.STDOUT)
            if done.returncode:
                output.seek(0)
                said = output.read().decode(errors="replace").strip()
                raise ClusterError(f"{program} failed: {said}\n{self._end_of_log()}")

    def _end_of_log(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
