"""Fields of a structured array by path, such as `tau[2]` or `limiter.q`, as tests name them."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from drivers.errors import DriverError

_STEP = re.compile(r"\.?(\w+)|\[(\d+)\]")


def field(record: np.ndarray, path: str) -> Any:
    """Give a field of a structured array of shape (1,): a number, or an array of several.

    Raises DriverError for a path that leads nowhere, with what there is.
    """
    value: Any = record[0]
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise DriverError(f"{path!r} is no field's path; valid: like tau, tau[2] or limiter.q")
        value = _into(value, found, path)
        at = found.end()
    return value


def _into(value: Any, found: re.Match[str], path: str) -> Any:
    name, index = found.groups()
    if name is not None:
        names = getattr(getattr(value, "dtype", None), "names", None) or ()
        if name not in names:
            raise DriverError(f"there is no field {path!r}; valid: {', '.join(names) or 'none'}")
        return value[name]
    if np.ndim(value) == 0 or int(index) >= len(value):
        raise DriverError(f"there is no element {path!r}: it has shape {np.shape(value)}")
    return value[int(index)]


def assign(record: np.ndarray, values: Mapping[str, Any]) -> None:
    """Write fields of a structured array of shape (1,). Raises DriverError for one it lacks."""
    names = record.dtype.names or ()
    for name, value in values.items():
        if name not in names:
            raise DriverError(f"there is no field {name!r}; valid: {', '.join(names)}")
        try:
            record[name] = value
        except (TypeError, ValueError) as error:
            raise DriverError(
                f"{name} is {value!r}; it takes {record.dtype[name]}: {error}"
            ) from error


Given = Mapping[str, Any] | np.ndarray | Callable[[int], Any] | None
"""What a test gives as input; see `feeder`."""


def feeder(record: np.ndarray, given: Given) -> Callable[[int], None]:
    """Give what writes `record`, shape (1,), for the tick by number.

    `given` is nothing (leave what is there), a mapping of fields or an array (1,) (held), an
    array (ticks,) (a row a tick), or a function of the tick's number that gives one of the first
    three. Raises DriverError for what does not fit.
    """
    if callable(given):
        return lambda tick: _write(record, given(tick))
    if isinstance(given, np.ndarray) and given.shape != (1,):
        rows = _checked(record, given)

        def row(tick: int) -> None:
            if tick >= len(rows):
                raise DriverError(f"input has {len(rows)} rows; none for tick {tick}")
            record[0] = rows[tick]

        return row
    _write(record, given)
    return lambda tick: None


def _write(record: np.ndarray, given: Any) -> None:
    if given is None:
        return
    if isinstance(given, Mapping):
        assign(record, given)
        return
    rows = _checked(record, np.atleast_1d(given))
    if len(rows) != 1:
        raise DriverError(f"input for one tick has shape {rows.shape}; it takes (1,)")
    record[:] = rows


def _checked(record: np.ndarray, given: np.ndarray) -> np.ndarray:
    if given.dtype != record.dtype or given.ndim != 1:
        raise DriverError(
            f"input has dtype {given.dtype} and shape {given.shape}; it takes (ticks,) of "
            f"{record.dtype}"
        )
    return given


def leaves(dtype: np.dtype, path: str = "") -> Iterator[str]:
    """Give the paths of all fields that have no fields of their own."""
    for name in dtype.names or ():
        inner = f"{path}.{name}" if path else name
        if dtype[name].names:
            yield from leaves(dtype[name], inner)
        else:
            yield inner
