"""VecFloor: many environments of one task in a few processes."""

import multiprocessing
import os
import pickle
import select
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from robots import controllers
from sim.env import FloorEnv
from sim.errors import SimError, WorkerError
from sim.infos import Layout, Listener
from sim.infos import layout as info_layout
from sim.worker import ACTION, REWARD, TERMINATED, TRUNCATED, News, carve, work

START_SECONDS = 300.0
GRACE_SECONDS = 5.0
STEP = pickle.dumps(("step", ()))


class VecFloor(VectorEnv[dict[str, Any], np.ndarray, np.ndarray]):
    """`num_envs` environments of one task in `workers` processes, one a core by default.

    Observations, images too, actions and infos travel in shared memory. With `batched` all arms of
    a worker take the ticks of a step in one compiled call, controllers and physics; without, each
    environment steps alone. Everything is what a single environment gives with the same seed, bit
    for bit.

    An environment that is over starts anew in the next step, which ignores its action
    (`AutoresetMode.NEXT_STEP`), or at once (`SAME_STEP`): then `infos["final_obs"]` and
    `["final_info"]` hold how it ended. Seeds are `seed + i`, or a list of one each. Observations
    are the caller's own unless `copy=False`: then the next step overwrites them.

    A worker that fails, dies, or gives no answer in `timeout` seconds raises WorkerError, which
    names its environments and has its traceback; all workers are ended then. Workers are spawned:
    a script that makes a VecFloor has to do it under `if __name__ == "__main__":`.

    Other options are FloorEnv's. Raises SimError for those that it does not take.
    """

    def __init__(
        self,
        task: str,
        num_envs: int = 1,
        workers: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        batched: bool = True,
        copy: bool = True,
        timeout: float = 60.0,
        **options: Any,
    ) -> None:
        self.closed, self._crew, self._compiled = True, [], False
        mode = AutoresetMode(autoreset_mode)
        if mode == AutoresetMode.DISABLED:
            raise SimError("autoreset_mode 'Disabled' is not offered; choose NextStep or SameStep")
        count = min(num_envs, os.cpu_count() or 1) if workers is None else workers
        if not 1 <= count <= num_envs:
            raise SimError(f"workers={workers} is not from 1 to num_envs={num_envs}")
        if options.get("actuator") is not None or options.get("render_mode") == "human":
            raise SimError("a VecFloor takes no actuator and no render_mode='human'")
        if options.get("controller") is not None:
            options["controller"] = controllers.reference(options["controller"])
        sample = FloorEnv(task, **options)
        try:
            _, info = sample.reset(seed=0)
        finally:
            sample.close()
        self.num_envs, self.copy, self.timeout = num_envs, copy, timeout
        self.render_mode = sample.render_mode
        self.metadata = {**sample.metadata, "autoreset_mode": mode}
        self.single_action_space = sample.action_space
        self.single_observation_space = sample.observation_space
        self.action_space = batch_space(sample.action_space, num_envs)
        self.observation_space = batch_space(sample.observation_space, num_envs)
        layout = self._layout(sample) + info_layout(info, num_envs)
        context = multiprocessing.get_context("spawn")
        # Backed by a file that is unlinked at once: nothing stays behind, however we end.
        memory = context.RawArray("B", carve(None, layout)[1])
        self._views = carve(memory, layout)[0]
        assert isinstance(sample.observation_space, spaces.Dict)
        self._keys = tuple(sample.observation_space.spaces)
        self._texts: list[dict[str, str]] = [{} for _ in range(num_envs)]
        self._listener = Listener(self._views, num_envs, self._add_info)
        self.closed = False
        try:
            with _deaf():
                for k, members in enumerate(np.array_split(np.arange(num_envs), count)):
                    ours, theirs = context.Pipe()
                    numbers = members.tolist()
                    process = context.Process(
                        target=work,
                        args=(
                            theirs,
                            memory,
                            layout,
                            numbers,
                            {"task": task, **options},
                            mode == AutoresetMode.SAME_STEP,
                            batched,
                        ),
                        name=f"VecFloor {task} {k}",
                        daemon=True,
                    )
                    process.start()
                    theirs.close()
                    self._crew.append(_Worker(k, numbers, process, ours))
            self._collect(START_SECONDS)
        except BaseException:
            self._end(0.0)
            raise

    # -- Gymnasium

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode in every environment; `options` are those of FloorEnv.reset."""
        seeds: list[int | None]
        if seed is None or isinstance(seed, (int, np.integer)):
            seeds = [None if seed is None else int(seed) + i for i in range(self.num_envs)]
        else:
            seeds = [None if s is None else int(s) for s in seed]
        if len(seeds) != self.num_envs:
            raise SimError(f"{len(seeds)} seeds for {self.num_envs} environments; give one each")
        return self._outcome(
            self._ask("reset", [([seeds[i] for i in w.members], options) for w in self._crew])
        )

    def step(
        self, actions: np.ndarray
    ) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Take a step in every environment: actions (num_envs, ...) of the single space's shape.

        Raises SimError for another shape or kind.
        """
        self._views[ACTION][:] = self._checked(actions)
        observation, infos = self._outcome(self._ask("step", [()] * len(self._crew)))
        reward, over, late = (self._views[key].copy() for key in (REWARD, TERMINATED, TRUNCATED))
        return observation, reward, over, late, infos

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Call a method of every environment, or get its attribute; one answer each."""
        found = self._ask("call", [(name, args, kwargs)] * len(self._crew))
        return tuple(answer for answers in found for answer in answers)

    def render(self) -> tuple[Any, ...]:
        """Give every environment's picture."""
        return self.call("render")

    def close_extras(self, **kwargs: Any) -> None:
        """End the workers; never waits longer than some seconds."""
        self._end(GRACE_SECONDS)

    # -- inside

    def _layout(self, sample: FloorEnv) -> Layout:
        n = self.num_envs
        box = sample.action_space
        assert isinstance(sample.observation_space, spaces.Dict) and box.shape is not None
        found: Layout = [
            (ACTION, (n, *box.shape), np.dtype(np.float64)),
            (REWARD, (n,), np.dtype(np.float64)),
            (TERMINATED, (n,), np.dtype(np.bool_)),
            (TRUNCATED, (n,), np.dtype(np.bool_)),
        ]
        for key, space in sample.observation_space.spaces.items():
            if isinstance(space, spaces.Box):
                found.append((f"observation {key}", (n, *space.shape), space.dtype))
        return found

    def _checked(self, actions: Any) -> np.ndarray:
        array, shape = np.asarray(actions), self._views[ACTION].shape
        if array.shape != shape or array.dtype.kind not in "fiu":
            raise SimError(
                f"actions have shape {array.shape} of {array.dtype}; expected numbers, {shape}"
            )
        return array

    def _ask(self, name: str, arguments: list[Any]) -> list[Any]:
        if self.closed:
            raise SimError("this VecFloor is closed; make a new one")
        try:
            for worker, given in zip(self._crew, arguments, strict=True):
                # One that is gone is reported by `_collect`.
                with suppress(BrokenPipeError, ConnectionResetError):
                    worker.pipe.send_bytes(STEP) if name == "step" else worker.pipe.send(
                        (name, given)
                    )
            # The first step of all compiles the kernels, where no process has before.
            found = self._collect(self.timeout if self._compiled else START_SECONDS)
            self._compiled = self._compiled or name == "step"
            return found
        except BaseException:
            self._end(0.0)
            raise

    def _collect(self, seconds: float) -> list[Any]:
        """Wait for every worker's answer. Raises WorkerError for the first that has none."""
        until = time.monotonic() + seconds
        return [worker.answer(until, seconds) for worker in self._crew]

    def _outcome(self, found: list[News]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Put together the observation and the infos from shared memory and the workers' news."""
        for worker, news in zip(self._crew, found, strict=True):
            for i, told in zip(worker.members, news or (), strict=False):
                if told is not None:
                    self._texts[i] = told[0]
                    if told[1] is not None:
                        self._listener.hear(i, told[1])
        observation: dict[str, Any] = {}
        for key in self._keys:
            view = self._views.get(f"observation {key}")
            if view is None:
                observation[key] = tuple(texts[key] for texts in self._texts)
            else:
                observation[key] = view.copy() if self.copy else view
        return observation, self._listener.infos()

    def _end(self, grace: float) -> None:
        """End every worker: asked to, told to, made to."""
        self.closed = True
        for worker in self._crew:
            with suppress(OSError):
                worker.pipe.send(("close", ()))
        until = time.monotonic() + grace
        for worker in self._crew:
            worker.end(until)
        self._crew = []


class _Worker:
    """A worker process as its parent sees it."""

    def __init__(self, number: int, members: list[int], process: Any, pipe: Connection) -> None:
        self.number, self.members, self.process, self.pipe = number, members, process, pipe
        # Made once: a selector for every wait costs more than the wait.
        self._ready = select.poll()
        self._ready.register(pipe, select.POLLIN)

    def answer(self, until: float, seconds: float) -> Any:
        # The pipe of a process that is gone is ready too, and at its end.
        if not self._ready.poll(1000.0 * max(0.0, until - time.monotonic())):
            raise WorkerError(f"{self} gave no answer in {seconds:g} s")
        try:
            well, said = self.pipe.recv()
            if well:
                return said
            # A worker that fails says why before it goes.
            raise WorkerError(f"{self} failed:\n{said}")
        except (EOFError, ConnectionResetError):
            pass
        self.process.join(GRACE_SECONDS)
        raise WorkerError(f"{self} died with exit code {self.process.exitcode}")

    def end(self, until: float) -> None:
        self.process.join(max(0.0, until - time.monotonic()))
        for harder in (self.process.terminate, self.process.kill):
            if self.process.is_alive():
                harder()
                self.process.join(GRACE_SECONDS)
        self.pipe.close()
        self.process.close()

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.members))
        return f"worker {self.number} (sub-environments {numbers})"


@contextmanager
def _deaf() -> Iterator[None]:
    """Let Ctrl-C pass by for a moment: what starts meanwhile never hears it at all."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
