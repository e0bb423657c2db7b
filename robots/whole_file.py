"""Files that are there whole or not at all, whatever happens to the process that writes them."""

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path


def write(path: Path, data: bytes) -> bool:
    """Write a file that others see whole or not at all; say whether it could be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        os.replace(name, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError):
            return False
        raise
    return True


def read(path: Path) -> bytes | None:
    """Read what `write` wrote; None where there is nothing, or something damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    whole = hashlib.sha256(data[32:]).digest() == data[:32]
    return data[32:] if whole else None
