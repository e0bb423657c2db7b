"""Work that is cut in parts, on as many threads as are asked for."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from robots.errors import RobotError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


def spread(work: Callable[[int], None], parts: int, threads: int) -> None:
    """Call `work(part)` for every part from 0; parts must not depend on one another.

    Raises what a part raises, and RobotError for a number of threads that is none.
    """
    if not isinstance(threads, int) or threads < 1:
        raise RobotError(f"threads is {threads!r}; valid: whole numbers from 1")
    if min(threads, parts) < 2:
        for part in range(parts):
            work(part)
        return
    for job in [_pool(threads).submit(work, part) for part in range(parts)]:
        job.result()


@lru_cache
def _pool(threads: int) -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(threads, thread_name_prefix="millhand-share")
