"""One process of a VecFloor: some of its environments, and what its parent asks of them."""

import os
import pickle
import select
import signal
import time
import traceback
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from sim.batch import Batch, Outcome
from sim.env import FloorEnv
from sim.infos import Info, Layout, Teller, Views

News = list[Any] | None
DONE = pickle.dumps((True, None))
AWAKE_SECONDS = 0.003
REWARD, TERMINATED, TRUNCATED, ACTION = "reward", "terminated", "truncated", "action"


def carve(memory: Any, layout: Layout) -> tuple[Views, int]:
    """Give arrays of a layout in shared memory, and how many bytes it takes; None only counts."""
    views, at = {}, 0
    for name, shape, dtype in layout:
        size = int(np.prod(shape, dtype=int)) * dtype.itemsize
        if memory is not None:
            views[name] = np.frombuffer(memory, np.uint8, size, at).view(dtype).reshape(shape)
        at += -(-size // 64) * 64
    return views, at


def work(
    pipe: Connection,
    memory: Any,
    layout: Layout,
    members: list[int],
    options: dict[str, Any],
    same_step: bool,
    batched: bool,
) -> None:
    """Serve until the parent says close, or is gone. Errors go to the parent, with traceback."""
    # Ctrl-C goes to every process of a terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    envs: list[FloorEnv] = []
    try:
        for _ in members:
            envs.append(FloorEnv(**options))
        crew = Crew(envs, members, carve(memory, layout)[0], same_step, batched)
        answer: Any = None
        ready = select.poll()
        ready.register(pipe, select.POLLIN)
        while True:
            # Most steps have nothing to tell: that is pickled once.
            pipe.send_bytes(DONE) if answer is None else pipe.send((True, answer))
            look_out(ready)
            name, arguments = pipe.recv()
            if name == "close":
                return
            answer = getattr(crew, name)(*arguments)
    except (EOFError, BrokenPipeError):
        return
    except BaseException:
        pipe.send((False, traceback.format_exc()))
    finally:
        for env in envs:
            env.close()


def look_out(ready: select.poll) -> None:
    """Wait awake for a little: a processor that has slept takes up its work slowly."""
    until = time.perf_counter() + AWAKE_SECONDS
    while not ready.poll(0) and time.perf_counter() < until:
        os.sched_yield()


class Crew:
    """The environments of one worker. `members` are their numbers in the whole."""

    def __init__(
        self,
        envs: list[FloorEnv],
        members: list[int],
        views: Views,
        same_step: bool,
        batched: bool,
    ) -> None:
        self.envs, self.members, self.views, self.same_step = envs, members, views, same_step
        self.batch = Batch(envs) if batched else None
        self.teller = Teller(views, members)
        self.over = [False] * len(envs)
        self.texts: list[dict[str, str]] = [{} for _ in envs]

    def reset(self, seeds: list[int | None], options: dict[str, Any] | None) -> News:
        """Reset every environment; give the news (`_put`) of those that have any."""
        self.over = [False] * len(self.envs)
        return _news(
            [
                self._put(k, *env.reset(seed=seed, options=options))
                for k, (env, seed) in enumerate(zip(self.envs, seeds, strict=True))
            ]
        )

    def step(self) -> News:
        """Step every environment with its action in shared memory; reset those that are over."""
        actions = self.views[ACTION]
        chosen = {k: actions[i] for k, i in enumerate(self.members) if not self.over[k]}
        outcomes: dict[int, Outcome]
        if self.batch is not None:
            outcomes = self.batch.step(chosen)
        else:
            outcomes = {k: self.envs[k].step(action) for k, action in chosen.items()}
        found = []
        for k, env in enumerate(self.envs):
            if k in outcomes:
                found.append(self._settle(k, *outcomes[k]))
            else:
                self._score(k, 0.0, False, False)
                found.append(self._put(k, *env.reset()))
        return _news(found)

    def call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Call a method of every environment, or get its attribute."""
        found = [getattr(env, name) for env in self.envs]
        return [each(*args, **kwargs) if callable(each) else each for each in found]

    def _settle(
        self,
        k: int,
        observation: dict[str, Any],
        reward: float,
        terminated: bool,
        truncated: bool,
        info: Info,
    ) -> Any:
        self._score(k, reward, terminated, truncated)
        if not self.same_step or not (terminated or truncated):
            return self._put(k, observation, info)
        self.over[k] = False
        after, fresh = self.envs[k].reset()
        return self._put(k, after, {**fresh, "final_obs": observation, "final_info": info})

    def _score(self, k: int, reward: float, terminated: bool, truncated: bool) -> None:
        i = self.members[k]
        self.views[REWARD][i] = reward
        self.views[TERMINATED][i], self.views[TRUNCATED][i] = terminated, truncated
        self.over[k] = terminated or truncated

    def _put(self, k: int, observation: dict[str, Any], info: Info) -> Any:
        """Write an observation's arrays and an info's numbers to shared memory.

        Gives what has to be told besides, the observation's texts and see `Teller.tell`, or None.
        """
        i, texts = self.members[k], {}
        for key, value in observation.items():
            if isinstance(value, str):
                texts[key] = value
            else:
                self.views[f"observation {key}"][i] = value
        told = self.teller.tell(k, info)
        if told is None and texts == self.texts[k]:
            return None
        self.texts[k] = texts
        return texts, told


def _news(found: list[Any]) -> News:
    return found if any(each is not None for each in found) else None
