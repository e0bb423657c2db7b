"""Written source as a module: kept with the generated kernels, so that it is compiled once."""

from functools import lru_cache
from types import ModuleType

from robots.generated.cache import key, store, stored
from robots.kernel import SOURCES


@lru_cache
def load(source: str) -> ModuleType:
    """Import a module from its source. Raises RobotError where it cannot be kept."""
    name = f"ik_{key(SOURCES, source)}"
    return stored(name) or store(name, source)
