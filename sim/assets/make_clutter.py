"""Drop parts into BinPick's bin, in simulation, and keep how they come to rest.

    python -m sim.assets.make_clutter

Writes bin_pick/clutter.npz, seeded: the same file every time on one machine. A layout is kept
if every part is inside the bin and none moves by more than STILL when it is put back at rest.
"""

import numpy as np

from sim.floor import Floor
from sim.scene import PARTS, Scene
from sim.tasks.bins import Bin
from sim.tasks.clutter import DAMPING, EACH_LEAST, EACH_MOST, FILE, LEAST, MOST, pack, unpack

EACH_COUNT = 28
TICK_HZ = 500
FALL = 0.07
SETTLE = 1.0
WATCH = 0.5
STILL = 0.0015
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


def drop(floor: Floor, box: Bin, names: list[str], rng: np.random.Generator) -> np.ndarray | None:
    """Drop parts one after the other; give their poses (n, 7) in the bin's frame at rest.

    Gives None where one fell outside, or does not stay where it lies.
    """
    floor.reset()
    for name in (n for n in floor.bodies if "-" in n):
        floor.discard(name)
    spread = np.array(box.inner) / 2 - 0.035
    for name in names:
        place = box.centre[:2] + spread * np.clip(rng.normal(0.0, 0.55, 2), -1, 1)
        floor.place(name, np.concatenate([place, [0.13], random_turn(rng)]))
        run(floor, FALL)
    run(floor, SETTLE)
    origin = np.concatenate([box.centre, np.zeros(4)])
    found = unpack(pack(np.array([floor.pose(name) for name in names]) - origin))
    if (np.abs(found[:, :2]) > np.array(box.inner) / 2).any() or (found[:, 2] > 0.10).any():
        return None
    for name, pose in zip(names, found, strict=True):
        floor.place(name, pose + origin)
    run(floor, WATCH)
    after = np.array([floor.pose(name) for name in names]) - origin
    moved = np.sqrt(((after - found)[:, :3] ** 2).sum(axis=1)).max()
    return found if moved < STILL else None


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
    floor.built()
    rng = np.random.default_rng(SEED)
    every_kind, every_pose, tries = [], [], 0
    for count in range(LEAST, MOST + 1):
        kept = 0
        while kept < EACH_COUNT:
            tries += 1
            kinds = draw_kinds(rng, count)
            names = [f"{PARTS[k]}-{(kinds[:i] == k).sum()}" for i, k in enumerate(kinds)]
            poses = drop(floor, box, names, rng)
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
