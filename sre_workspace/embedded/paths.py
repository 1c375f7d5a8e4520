"""Where the embedded services keep their data and their sockets."""

import hashlib
import os
import pwd
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from sre_workspace.env import env_text

ROOT_STATE = Path("/var/lib/sre-workspace")
SERVICE_USER = "nobody"


class StateError(Exception):
    """The state folder cannot be used. ``str()`` says why and what to do."""


@dataclass(frozen=True, slots=True)
class StatePaths:
    """The folders and files of one installation."""

    root: Path
    sockets: Path
    postgres: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def pids(self) -> Path:
        return self.root / "pids"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def secret_key(self) -> Path:
        return self.root / "secret-key"

    @property
    def intake_token(self) -> Path:
        return self.root / "lab-intake-token"

    @property
    def valkey_data(self) -> Path:
        return self.root / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def lab_socket(self) -> Path:
        return self.sockets / "lab.sock"

    @property
    def postgres_sockets(self) -> Path:
        return self.sockets / "pg"


def is_root() -> bool:
    """Whether this process may change users."""
    return os.geteuid() == 0


def state_paths() -> StatePaths:
    """Return the paths for ``SRE_STATE_DIR``, or for the user's data folder. Creates nothing."""
    named = env_text("SRE_STATE_DIR")
    default = ROOT_STATE if is_root() else Path(platformdirs.user_data_dir("sre-workspace"))
    return paths_of(Path(named).expanduser().absolute() if named else default)


def paths_of(root: Path) -> StatePaths:
    """Return the paths of the installation in a folder. Creates nothing.

    Sockets live in a short folder of their own: a unix socket's path may have about 100 characters.
    """
    mark = hashlib.sha256(str(root).encode()).hexdigest()[:10]
    sockets = Path(tempfile.gettempdir()) / f"sre-{os.geteuid()}-{mark}"
    postgres = root / "postgres"
    if is_root() and not is_reachable(root, SERVICE_USER):
        postgres = ROOT_STATE / "databases" / mark
    return StatePaths(root=root, sockets=sockets, postgres=postgres)


def is_reachable(path: Path, user: str) -> bool:
    """Whether another user can walk down to a path, judging the folders that exist."""
    uid = pwd.getpwnam(user).pw_uid
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            return True
        found = folder.stat()
        bit = stat.S_IXUSR if found.st_uid == uid else stat.S_IXOTH
        if folder.is_dir() and not found.st_mode & bit:
            return False
    return True


def make_private(folder: Path, *, mode: int = 0o700) -> None:
    """Create a folder of our own, or check that it is ours.

    Raises:
        StateError: It belongs to somebody else, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise StateError(f"Cannot make {folder}: {error.strerror}. Set SRE_STATE_DIR.") from error
    if folder.stat().st_uid != os.geteuid():
        raise StateError(f"{folder} belongs to another user. Set SRE_STATE_DIR to another folder.")
    folder.chmod(mode)


def prepare(paths: StatePaths) -> None:
    """Make the folders. Idempotent."""
    make_private(paths.root, mode=0o711 if is_root() else 0o700)
    make_private(paths.sockets, mode=0o711 if is_root() else 0o700)
    if paths.postgres.parent != paths.root:
        for folder in (ROOT_STATE, paths.postgres.parent):
            make_private(folder, mode=0o711)
    for folder in (paths.logs, paths.pids, paths.valkey_data):
        make_private(folder)


def is_linux() -> bool:
    """Whether the kernel can end children with their parent."""
    return sys.platform == "linux"
