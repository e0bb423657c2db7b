"""What pictures cost."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import gymnasium as gym

from robots.timing import compare
from sim.env import FloorEnv
from sim.errors import SimError

PEER = "panda-gym render()"
# What draws, and which camera: the wrist's moves with the arm, so no background is kept for it.
SIGHTS = (("fast", "front"), ("fast", "wrist"), ("egl", "front"), ("tiny", "front"))


def render(rounds: int) -> list[dict[str, Any]]:
    """Pictures a second of KitTray; the peer is panda-gym's `render()` of the same size.

    Without panda-gym the peer is None, and a line on stderr says how to install it.
    """
    cases = []
    with ExitStack() as stack:
        for size in (224, 96):
            peer = panda_gym_picture(stack, size)
            for renderer, camera in SIGHTS:
                try:
                    env = FloorEnv("KitTray", obs_mode="images", renderer=renderer)
                except SimError as error:
                    print(f"left out: {error}", file=sys.stderr)
                    continue
                stack.enter_context(closing(env))
                env.reset(seed=0)

                def ours(env: FloorEnv = env, camera: str = camera, size: int = size) -> float:
                    return repeat(lambda: env.capture(camera, size, size), 20)

                cases.append(
                    compare(
                        f"KitTray, {camera} camera, {size}x{size} RGB, {renderer}",
                        "pictures/s",
                        ours,
                        peer,
                        PEER if peer else None,
                        rounds,
                    )
                )
    return cases


def repeat(draw: Callable[[], Any], count: int) -> float:
    """Call something several times; give how often."""
    for _ in range(count):
        draw()
    return float(count)


def panda_gym_picture(stack: ExitStack, size: int) -> Callable[[], float] | None:
    """Give a function that draws panda-gym's scene with its own default renderer, and counts."""
    try:
        import panda_gym  # noqa: F401
    except ImportError as error:
        print(f"no peer: {error}; pip install 'millhand[bench]'", file=sys.stderr)
        return None
    peer = gym.make(
        "PandaPickAndPlace-v3", render_mode="rgb_array", render_width=size, render_height=size
    ).unwrapped
    stack.callback(peer.close)
    peer.reset(seed=0)
    return lambda: repeat(peer.render, 4)
