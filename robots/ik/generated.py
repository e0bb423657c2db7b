"""Written source as a module: kept on disk, so that its kernels are compiled once."""

import hashlib
import os
import sys
import tempfile
from functools import lru_cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from robots.kernel import SOURCES


def folder() -> Path:
    """Where written kernels are kept: under `$MILLHAND_CACHE`, or `~/.cache/millhand`."""
    return Path(os.environ.get("MILLHAND_CACHE") or Path.home() / ".cache" / "millhand") / "kernels"


def _written(source: str, name: str) -> Path:
    """Give the file that holds the source; whole at any time, whoever else writes it."""
    path = folder() / f"{name}.py"
    try:
        if path.is_file() and path.read_text() == source:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".draft")
        with os.fdopen(handle, "w") as file:
            file.write(source)
        os.replace(draft, path)
    except OSError:
        # No place to keep it: it is compiled again in every process.
        path = Path(tempfile.mkdtemp()) / path.name
        path.write_text(source)
    return path


@lru_cache
def load(source: str) -> ModuleType:
    """Import a module from its source."""
    digest = hashlib.sha256((SOURCES + source).encode()).hexdigest()[:24]
    name = f"millhand_kernels_{digest}"
    spec = spec_from_file_location(name, _written(source, name))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
