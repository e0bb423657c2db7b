"""What a test expects of an output, and how it says that it did not come."""

from collections.abc import Callable
from typing import Any

import numpy as np

from drivers.errors import DriverError
from drivers.fields import field, leaves

Condition = str | Callable[[Any], Any]


class Expectation:
    """A field that shall have a value or satisfy a function; or a function of the whole output.

    Raises DriverError where neither a function nor a value is given.
    """

    def __init__(self, condition: Condition, value: Any = None, tolerance: float = 0.0) -> None:
        if isinstance(condition, str) and value is None:
            raise DriverError(f"what shall {condition} be? give a value, or a function of it")
        if not isinstance(condition, str) and (value is not None or not callable(condition)):
            raise DriverError(f"{condition!r} is neither a field with a value nor a function alone")
        self.condition, self.value, self.tolerance = condition, value, tolerance

    def holds(self, output: np.ndarray) -> bool:
        """Say whether an output, shape (1,), is as expected."""
        if not isinstance(self.condition, str):
            return bool(np.all(self.condition(output)))
        found = field(output, self.condition)
        if callable(self.value):
            return bool(np.all(self.value(found)))
        if self.tolerance:
            return bool(np.all(np.abs(np.asarray(found) - self.value) <= self.tolerance))
        return bool(np.all(found == self.value))

    def failed(self, within: int, board: np.ndarray, host: np.ndarray) -> str:
        """Say that it did not come in time, with both sides' values."""
        return f"{self._wish()} within {within} ticks: {self._values(board, host)}"

    def broken(self, board: np.ndarray, host: np.ndarray) -> str:
        """Say that it does not hold now, with both sides' values."""
        return f"{self._wish()} in every tick: {self._values(board, host)}"

    def _wish(self) -> str:
        if not isinstance(self.condition, str):
            return f"{_name(self.condition)} was not true"
        if callable(self.value):
            return f"{_name(self.value)} was not true of {self.condition}"
        give = f" (give or take {self.tolerance:g})" if self.tolerance else ""
        return f"{self.condition} was not {self.value}{give}"

    def _values(self, board: np.ndarray, host: np.ndarray) -> str:
        named = isinstance(self.condition, str)
        paths = [str(self.condition)] if named else list(leaves(board.dtype))
        return "; ".join(
            f"{path} is {field(board, path)} on the board and {field(host, path)} on the host"
            for path in paths
        )


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", repr(function))
    return "the condition" if name == "<lambda>" else name
