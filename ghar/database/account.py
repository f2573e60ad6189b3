"""As whom PostgreSQL's programs run: they refuse to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghar.database.binaries import ClusterError

# In a user namespace root is somebody else to the programs and still himself to the file system,
# so that nothing needs another owner.
NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


@dataclass(frozen=True)
class Account:
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        # In a session of its own, or Ctrl-C in the terminal would stop the server under everybody.
        return subprocess.run(
            [*self.prefix, *command], stdin=subprocess.DEVNULL, start_new_session=True, **options
        )

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def can_use(self, binaries: Path, root: Path) -> bool:
        self.own(root)
        check = ["sh", "-c", 'test -w "$0" && exec "$1" --version', str(root), str(binaries / "postgres")]
        return self.run(check, cwd="/", capture_output=True).returncode == 0


def choose(binaries: Path, root: Path, data: Path) -> Account:
    """The first account that can write to `root` and run the programs; whoever made `data` keeps it."""
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
    if shutil.which(NAMESPACE[0]):
        yield Account(prefix=NAMESPACE)
    for entry in [] if owner else pwd.getpwall():
        if entry.pw_name in {"postgres", "nobody"}:
            yield Account(uid=entry.pw_uid, gid=entry.pw_gid)
