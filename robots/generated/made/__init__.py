"""Where generated modules are imported from: the cache folder, as if it lay here."""

from robots.generated.cache import folder

__path__ = [str(folder())]
