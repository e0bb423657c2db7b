"""Drop parts into BinPick's bin, in simulation, and keep how they come to rest.

    python -m sim.assets.make_clutter

Writes bin_pick/clutter.npz. Seeded, but what falls is chaotic: another CPU or another Bullet
gives other layouts, as good. A layout is kept if every part is inside the bin and none moves by
more than STILL when it is put back at rest, twice that when it is mirrored or turned as well.
"""

import numpy as np

from sim.floor import Floor
from sim.scene import PARTS, Scene
from sim.tasks.bin_pick import RESIDUAL
from sim.tasks.bins import Bin
from sim.tasks.clutter import (
    DAMPING,
    EACH_LEAST,
    EACH_MOST,
    FILE,
    LEAST,
    MOST,
    mirrored,
    pack,
    turned_round,
    unpack,
)

EACH_COUNT = 28
TICK_HZ = 500
FALL = 0.07
SETTLE = 1.0
WATCH = 0.5
STILL = 0.001
ROUNDS = 3
SEED = 20


def draw_kinds(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw kinds (count,), at least 2 and at most 5 of each."""
    kinds = np.repeat(np.arange(len(PARTS)), EACH_LEAST)
    spare = rng.permutation(np.repeat(np.arange(len(PARTS)), EACH_MOST - EACH_LEAST))
    return rng.permutation(np.concatenate([kinds, spare[: count - len(kinds)]]))


def random_turn(rng: np.random.Generator) -> np.ndarray:
    """Draw an orientation (4,), all equally likely."""
    q = rng.normal(size=4)
    return q / np.sqrt((q * q).sum())


def run(floor: Floor, seconds: float) -> None:
    """Let time pass."""
    for _ in range(int(seconds * TICK_HZ)):
        floor.world.step()


def drop(floor: Floor, box: Bin, names: list[str], rng: np.random.Generator) -> np.ndarray:
    """Drop parts one after the other; give their poses (n, 7) in the bin's frame, as stored."""
    begin(floor)
    spread = np.array(box.inner) / 2 - 0.035
    for name in names:
        place = box.centre[:2] + spread * np.clip(rng.normal(0.0, 0.55, 2), -1, 1)
        floor.place(name, np.concatenate([place, [0.13], random_turn(rng)]))
        run(floor, FALL)
    run(floor, SETTLE)
    return look(floor, box, names)


def begin(floor: Floor) -> None:
    """Return to the built state, with no part in the bin."""
    floor.reset()
    for name in (n for n in floor.bodies if "-" in n):
        floor.discard(name)


def look(floor: Floor, box: Bin, names: list[str]) -> np.ndarray:
    """Give the parts' poses (n, 7) in the bin's frame, rounded to what can be stored."""
    origin = np.concatenate([box.centre, np.zeros(4)])
    return unpack(pack(np.array([floor.pose(name) for name in names]) - origin))


def watch(floor: Floor, box: Bin, names: list[str], poses: np.ndarray) -> np.ndarray:
    """Put parts at rest and give where they are a little later."""
    begin(floor)
    origin = np.concatenate([box.centre, np.zeros(4)])
    for name, pose in zip(names, poses, strict=True):
        floor.place(name, pose + origin)
    run(floor, WATCH)
    return look(floor, box, names)


def steady(floor: Floor, box: Bin, names: list[str], poses: np.ndarray) -> np.ndarray | None:
    """Give poses near `poses` that stay, in all four symmetries; None where there are none."""
    if (np.abs(poses[:, :2]) > np.array(box.inner) / 2).any() or (poses[:, 2] > 0.10).any():
        return None
    for _ in range(ROUNDS):
        after = watch(floor, box, names, poses)
        if travel(poses, after) < STILL:
            break
        poses = after
    else:
        return None
    variants = [turned_round(poses), mirrored(poses), turned_round(mirrored(poses))]
    moved = (travel(one, watch(floor, box, names, one)) for one in variants)
    return poses if all(far < 2 * STILL for far in moved) else None


def travel(before: np.ndarray, after: np.ndarray) -> float:
    """Give how far the part went that went furthest, metres."""
    return float(np.sqrt(((after - before)[:, :3] ** 2).sum(axis=1)).max())


def main() -> None:
    """Make all layouts, an equal number for each count of parts."""
    scene = Scene.load("bin_pick")
    floor = Floor(scene, TICK_HZ, "none")
    box = Bin.from_table(scene.need("bin"))
    for k, wall in enumerate(box.boxes):
        floor.add_box(f"bin/{k}", wall)
    for kind in PARTS:
        for k in range(EACH_MOST):
            floor.add_part(f"{kind}-{k}", kind)
            floor.damp(f"{kind}-{k}", *DAMPING)
    floor.solve_to(RESIDUAL)
    floor.built()
    rng = np.random.default_rng(SEED)
    every_kind, every_pose, tries = [], [], 0
    for count in range(LEAST, MOST + 1):
        kept = 0
        while kept < EACH_COUNT:
            tries += 1
            kinds = draw_kinds(rng, count)
            names = [f"{PARTS[k]}-{(kinds[:i] == k).sum()}" for i, k in enumerate(kinds)]
            poses = steady(floor, box, names, drop(floor, box, names, rng))
            if poses is None:
                continue
            kept += 1
            spare = MOST - count
            every_kind.append(np.pad(kinds, (0, spare), constant_values=-1))
            every_pose.append(np.pad(pack(poses), ((0, spare), (0, 0))))
        print(f"{count} parts: {kept} layouts ({tries} tries so far)", flush=True)
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        FILE, kinds=np.array(every_kind, np.int8), poses=np.array(every_pose, np.int16)
    )
    floor.close()


if __name__ == "__main__":
    main()
