"""The errors of the robots room. Each names the offending value and what would be valid."""

import difflib
from collections.abc import Iterable


class RobotError(ValueError):
    """Something about a robot, its model or its controller cannot be used as given."""


class ModelError(RobotError):
    """A robot description that cannot be read or makes no physical sense."""


def check_name(what: str, name: str, known: Iterable[str]) -> None:
    """Raise RobotError, with the nearest that there is, for a name that is not one of `known`."""
    known = list(known)
    if name not in known:
        near = difflib.get_close_matches(name, known, 1, 0.3)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise RobotError(f"unknown {what} {name!r}{hint} ({what}s: {', '.join(known)})")
