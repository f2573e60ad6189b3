"""The embedded PostgreSQL: the first process to use it starts it, and the last one to leave stops it.

Its root directory holds: `data`, the cluster; `run`, the socket; `log`; and two files for locks.

* `lock` is locked exclusively by the process that starts or stops the server.
* `users` is locked in shared mode by each process that uses the server. The kernel releases the lock however
  a process ends, so no crash leaves a wrong count behind. A process that leaves tries to lock the file
  exclusively: when it succeeds, it was the last one, and stops the server.
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
# The server listens on a socket only. The port is part of the socket's name.
POSTGRES_PORT = 5432
SERVER_START_SECONDS = 60
# The room for a path in a socket's address (sockaddr_un), without the final NUL.
SOCKET_PATH_BYTES = 107


def socket_directory(root: Path) -> Path:
    """Return `run` below the root, or a short directory in /tmp when the socket's path would be too long."""
    directory = root / "run"
    if len(os.fsencode(directory / f".s.PGSQL.{POSTGRES_PORT}")) <= SOCKET_PATH_BYTES:
        return directory
    digest = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return Path("/tmp", f"ghar-{digest}")


@functools.cache
def get_cluster(root: Path, pg_bin: str = "") -> "Cluster":
    """Return the one handle of this process on the cluster there."""
    return Cluster(root, pg_bin)


class Cluster:
    """A handle on the embedded server. `pg_bin` is the directory of PostgreSQL's programs, if not the usual.

    All methods raise ClusterError when the server cannot be used, with what to do about it.
    """

    def __init__(self, root: Path, pg_bin: str = "") -> None:
        self.root = root
        self.data = root / "data"
        self.log = root / "log"
        self.socket = socket_directory(root)
        self._pg_bin = pg_bin
        # Guards `_users_file` among the threads of this process.
        self._thread_lock = threading.Lock()
        self._users_file: int | None = None
        self._pid = 0

    def ensure_running(self) -> None:
        """Start the server or join its users. Cheap once this process has joined."""
        if self._has_joined and self._ping() == pq.Ping.OK:
            return
        with self._thread_lock, self._exclusively():
            # Joined before anything is started: from here on no other process can be the last one.
            self._join()
            if not self._answers():
                self._start()
            self._create_database()

    def release(self) -> None:
        """Leave the server, and stop it when no other process uses it."""
        if not self._has_joined or self._users_file is None:
            return
        with self._thread_lock, self._exclusively():
            users_file, self._users_file = self._users_file, None
            try:
                # Turns the shared lock into an exclusive one, if nobody else holds a shared one.
                fcntl.flock(users_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            else:
                self._stop()
            finally:
                os.close(users_file)

    @property
    def _has_joined(self) -> bool:
        """Return whether this process uses the server. In a forked child the lock is its parent's."""
        return self._users_file is not None and self._pid == os.getpid()

    def _join(self) -> None:
        if not self._has_joined:
            self._users_file = os.open(self.root / "users", os.O_RDONLY | os.O_CREAT, 0o644)
            self._pid = os.getpid()
            fcntl.flock(self._users_file, fcntl.LOCK_SH)
            atexit.register(self.release)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """Let no other process start or stop the server meanwhile."""
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
            host=str(self.socket), port=POSTGRES_PORT, user=USER, dbname="postgres", connect_timeout=5
        )

    def _ping(self) -> pq.Ping:
        return pq.Ping(pq.PGconn.ping(self._conninfo().encode()))

    def _answers(self) -> bool:
        """Return whether the server is up. Waits for one that is still starting."""
        deadline = time.monotonic() + SERVER_START_SECONDS
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
        self._remove_stale_pid_files()
        timeout = str(SERVER_START_SECONDS)
        self._run("pg_ctl", "start", "-w", "-t", timeout, "-l", "log", "-o", self._server_options())

    def _initialise(self) -> None:
        # initdb works in another directory, which is renamed at the end: an initdb that was killed leaves a
        # directory that looks like a cluster.
        shutil.rmtree(self.root / "data.new", ignore_errors=True)
        self._run(
            *("initdb", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            data="data.new",
        )
        (self.root / "data.new").rename(self.data)

    def _server_options(self) -> str:
        options = {
            # Only the socket, which its directory protects: the cluster trusts whoever can connect.
            "listen_addresses": "",
            "port": POSTGRES_PORT,
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
        """Create the socket's directory. Raises ClusterError when it belongs to another user.

        The owner of the directory could put a socket there and pose as the server. In /tmp anyone can have
        created it.
        """
        owner = self._account
        with suppress(FileExistsError):
            self.socket.mkdir(mode=0o700)
            owner.take_ownership(self.socket)
        if self.socket.lstat().st_uid != (os.geteuid() if owner.uid is None else owner.uid):
            raise ClusterError(f"{self.socket} belongs to another user: remove it.")

    def _remove_stale_pid_files(self) -> None:
        """Remove the pid files of a server that has died when another process has its pid by now.

        PostgreSQL takes any process with that pid, even a zombie, for the server, and refuses to start.
        """
        for file in (self.data / "postmaster.pid", self.socket / f".s.PGSQL.{POSTGRES_PORT}.lock"):
            with suppress(OSError, ValueError):
                # A standalone backend writes its pid with a minus sign.
                process = Path("/proc", str(abs(int(file.read_text().split("\n")[0]))))
                if process.exists() and not self._is_server(process):
                    file.unlink()

    def _is_server(self, process: Path) -> bool:
        """Return whether a process, as its directory in /proc, is a server that works in `data`."""
        try:
            return (process / "cwd").readlink() == self.data.resolve()
        except OSError:
            return False

    @functools.cached_property
    def _binaries(self) -> Path:
        return binaries.find_binaries(self._pg_bin)

    @functools.cached_property
    def _account(self) -> account.Account:
        return account.choose_account(self._binaries, self.root, self.data)

    def _run(self, program: str, *arguments: str, data: str = "data") -> None:
        command = [str(self._binaries / program), "-D", data, *arguments]
        # The server inherits the output and keeps it open: reading from a pipe would never end, so the
        # output goes to a file.
        with open(self.root / f"{program}.out", "w+b") as output:
            done = self._account.run(command, cwd=self.root, stdout=output, stderr=subprocess.STDOUT)
            if done.returncode:
                output.seek(0)
                message = output.read().decode(errors="replace").strip()
                raise ClusterError(f"{program} failed: {message}\n{self._end_of_log()}")

    def _end_of_log(self) -> str:
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
