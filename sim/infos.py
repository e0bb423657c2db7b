"""The infos of many environments as one: what Gymnasium's vector environments give, but fast.

Numbers travel in shared memory, like observations. Texts and the like are told by message, and only
when they change, so that most steps need no message but "done".
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Info = dict[str, Any]
Path = tuple[str, ...]
Views = dict[str, np.ndarray]
Layout = list[tuple[str, tuple[int, ...], np.dtype]]
PLAIN, NUMPY = (bool, int, float), (np.ndarray, np.generic)
QUIET = (str, tuple)
"""What is told only when it changes."""


def numbers(info: Info, prefix: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Give the numbers and arrays of an info, and of the infos in it, by path."""
    for key, value in info.items():
        if isinstance(value, dict):
            yield from numbers(value, (*prefix, key))
        elif type(value) in PLAIN or isinstance(value, NUMPY):
            yield (*prefix, key), value


def layout(info: Info, count: int) -> Layout:
    """Give what `count` infos of the form of this one need in shared memory."""
    return [
        (_name(path), (count, *np.shape(value)), np.asarray(value).dtype)
        for path, value in numbers(info)
    ]


def _name(path: Path) -> str:
    return "info " + "/".join(path)


class Teller:
    """A worker's side: writes the numbers of its environments' infos, gives what else is new."""

    def __init__(self, views: Views, members: list[int]) -> None:
        self._views = {key: view for key, view in views.items() if key.startswith("info ")}
        self._members = members
        self._told: list[Info | None] = [None] * len(members)

    def tell(self, k: int, info: Info) -> tuple[bool, Info] | None:
        """Write the info of environment k; give what the parent has to be told, None if nothing.

        That is whether the numbers are in shared memory, and all the rest. An info of another
        form than the usual one is told whole.
        """
        written, i = 0, self._members[k]
        for path, value in numbers(info):
            view = self._views.get(_name(path))
            shape = np.shape(value)
            if view is None or view.shape[1:] != shape or view.dtype != np.asarray(value).dtype:
                written = -1
                break
            view[i] = value
            written += 1
        if written != len(self._views):
            self._told[k] = None
            return False, info
        rest = _without_numbers(info)
        if rest == self._told[k]:
            return None
        self._told[k] = rest if all(type(value) in QUIET for value in rest.values()) else None
        return True, rest


def _without_numbers(info: Info) -> Info:
    rest = {}
    for key, value in info.items():
        if isinstance(value, dict):
            inner = _without_numbers(value)
            if inner:
                rest[key] = inner
        elif type(value) not in PLAIN and not isinstance(value, NUMPY):
            rest[key] = value
    return rest


class Listener:
    """The parent's side: puts together the infos of all, with Gymnasium's masks (`_key`).

    `add` adds one environment's info to those of all: Gymnasium's own way.
    """

    def __init__(self, views: Views, count: int, add: Callable[[Info, Info, int], Info]) -> None:
        self._count, self._add = count, add
        self._views = {
            tuple(key.removeprefix("info ").split("/")): view
            for key, view in views.items()
            if key.startswith("info ")
        }
        self._usual = [True] * count
        self._rest: list[Info] = [{} for _ in range(count)]
        self._objects: dict[str, np.ndarray] | None = None

    def hear(self, i: int, told: tuple[bool, Info]) -> None:
        """Take what was told of environment i."""
        self._usual[i], self._rest[i] = told
        self._objects = None

    def infos(self) -> Info:
        """Give the infos of all."""
        if self._objects is None:
            self._objects = self._alike()
        if self._objects is None:
            return self._one_by_one()
        infos: Info = {}
        for path, view in self._views.items():
            place = infos
            for key in path[:-1]:
                if key not in place:
                    place[key], place[f"_{key}"] = {}, np.ones(self._count, np.bool_)
                place = place[key]
            place[path[-1]], place[f"_{path[-1]}"] = view.copy(), np.ones(self._count, np.bool_)
        for key, array in self._objects.items():
            infos[key], infos[f"_{key}"] = array.copy(), np.ones(self._count, np.bool_)
        return infos

    def _alike(self) -> dict[str, np.ndarray] | None:
        """Give what is not a number, if all have it and nothing else."""
        keys = self._rest[0].keys()
        for usual, rest in zip(self._usual, self._rest, strict=True):
            quiet = all(type(value) in QUIET for value in rest.values())
            if not usual or rest.keys() != keys or not quiet:
                return None
        found = {key: np.empty(self._count, object) for key in keys}
        for i, rest in enumerate(self._rest):
            for key, value in rest.items():
                found[key][i] = value
        return found

    def _one_by_one(self) -> Info:
        infos: Info = {}
        for i, rest in enumerate(self._rest):
            if self._usual[i]:
                for path, view in self._views.items():
                    value: Any = view[i] if view.ndim > 1 else view[i].item()
                    for key in reversed(path):
                        value = {key: value}
                    infos = self._add(infos, value, i)
            infos = self._add(infos, rest, i)
        return infos
