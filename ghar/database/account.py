"""The system account under which PostgreSQL's programs run: they refuse to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghar.database.binaries import ClusterError

# In a user namespace root looks like "nobody" to the programs, and is still root to the file system. So no
# file needs another owner.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


@dataclass(frozen=True)
class Account:
    """A way to run programs: as the present user, behind a command prefix, or as another user."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command under this account; `options` are those of subprocess.run."""
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        # A new session: otherwise Ctrl-C in the terminal would reach the server and stop it for everyone.
        return subprocess.run(
            [*self.prefix, *command], stdin=subprocess.DEVNULL, start_new_session=True, **options
        )

    def take_ownership(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_use(self, binaries: Path, root: Path) -> bool:
        """Return whether the account can write to `root` and run the programs. Gives it `root` first."""
        self.take_ownership(root)
        check = ["sh", "-c", 'test -w "$0" && exec "$1" --version', str(root), str(binaries / "postgres")]
        return self.run(check, cwd="/", capture_output=True).returncode == 0


def choose_account(binaries: Path, root: Path, data: Path) -> Account:
    """Return the first account that can write to `root` and run the programs.

    A cluster that exists stays with the owner of its directory `data`. Raises ClusterError when no account
    can do both.
    """
    if os.geteuid() != 0:
        return Account()
    for account in _candidates(data):
        if account.can_use(binaries, root):
            return account
    raise ClusterError(
        f"PostgreSQL refuses to run as root, and no other account can write to {root} and run {binaries}"
        " (is a directory above closed to others, as /root is?). Run as a normal user, or set DATABASE_URL."
    )


def _candidates(data: Path) -> Iterator[Account]:
    owner = data.stat() if data.exists() else None
    if owner and owner.st_uid:
        yield Account(uid=owner.st_uid, gid=owner.st_gid)
        return
    # Containers often forbid user namespaces; then a system account has to do.
    if shutil.which(NAMESPACE[0]):
        yield Account(prefix=NAMESPACE)
    for entry in [] if owner else pwd.getpwall():
        if entry.pw_name in {"postgres", "nobody"}:
            yield Account(uid=entry.pw_uid, gid=entry.pw_gid)
