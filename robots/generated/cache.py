"""Generated sources on disk: written once, found again by what they were made from."""

import hashlib
import importlib
import os
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np

from robots.errors import RobotError
from robots.tree import Tree

PACKAGE = "robots.generated.made"


@lru_cache
def folder() -> Path:
    """Give the folder of generated sources, made if need be.

    `MILLHAND_CACHE` names it; else it is `millhand` in the user's cache folder, or where that
    cannot be made one of this process. Raises RobotError where the one that is named cannot be
    made. Read once a process.
    """
    given = os.environ.get("MILLHAND_CACHE")
    if given:
        root = Path(given).expanduser().absolute()
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches" / "millhand"
    elif sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "millhand"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "millhand"
    root = root / "generated"
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if not given:
            return Path(tempfile.mkdtemp(prefix="millhand-"))
        raise RobotError(
            f"the cache folder {root} cannot be made ({error.strerror}); "
            "set MILLHAND_CACHE to one that can be written"
        ) from None
    return root


@lru_cache
def generator() -> str:
    """Give the digest of the sources that generate."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def key(*parts: object) -> str:
    """Give a short digest of what something is generated from, the generator included."""
    digest = hashlib.sha256(generator().encode())
    for part in parts:
        if isinstance(part, np.ndarray):
            data = (
                repr((part.dtype.str, part.shape)).encode() + np.ascontiguousarray(part).tobytes()
            )
        else:
            data = repr(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:24]


def tree_parts(tree: Tree) -> tuple[object, ...]:
    """Give what of a tree its kernels depend on: neither its name nor its limits nor its frames."""
    return (
        tree.floating,
        tree.n,
        *(
            np.asarray(getattr(tree, field), float)
            for field in (
                *("parent", "position", "rotation", "axis", "prismatic", "dof", "ratio", "offset"),
                *("mass", "com", "inertia", "base_mass", "base_com", "base_inertia"),
            )
        ),
    )


def stored(name: str) -> ModuleType | None:
    """Give the generated module of that name, or None where there is none or it is torn."""
    path = folder() / f"{name}.py"
    try:
        head, _, text = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    if head != _seal(text):
        return None
    return importlib.import_module(f"{PACKAGE}.{name}")


def store(name: str, text: str) -> ModuleType:
    """Write a generated module and import it.

    Processes that do so at the same time leave one whole file: each moves its own into place.
    Raises RobotError where the folder cannot be written.
    """
    path = folder() / f"{name}.py"
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder())
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(f"{_seal(text)}\n{text}")
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RobotError(
            f"{path} cannot be written ({error.strerror}); "
            "set MILLHAND_CACHE to a folder that can be"
        ) from None
    importlib.invalidate_caches()
    return importlib.import_module(f"{PACKAGE}.{name}")


def _seal(text: str) -> str:
    return f"# sha256 of what follows: {hashlib.sha256(text.encode()).hexdigest()}"
