"""Same seed, same actions: same bits, in any process and in any order."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rollouts import actions, bits, make, play

from sim import golden, tasks
from sim.errors import SimError

GOLDEN = Path(__file__).parent / "golden.json"
RENDERERS = ("fast", "tiny", "egl")


@pytest.mark.parametrize("task", tasks.names())
def test_outcome_is_the_one_that_was_kept(task):
    kept = json.loads(GOLDEN.read_text())
    assert task in kept, "new task: run python -m sim.golden"
    assert not golden.differences(golden.outcome(task), kept[task])


def digests(names, seeds):
    """Give a digest of all bits of a short rollout, by task, renderer and seed."""
    found = {}
    for task in names:
        for renderer in RENDERERS:
            try:
                env = make(task, obs_mode="vla", renderer=renderer, image_size=32)
            except SimError:
                continue
            for seed in seeds:
                start = bits(env.reset(seed=seed)[0])
                rolled = b"".join([start, *play(env, actions(env, seed, 4))])
                found[f"{task} {renderer} {seed}"] = hashlib.sha256(rolled).hexdigest()
            env.close()
    return found


def test_bits_are_the_same_in_another_process_and_order():
    here = digests(tasks.names(), (1, 2))
    script = (
        "import json\n"
        "from test_determinism import *\n"
        "print(json.dumps(digests(tasks.names()[::-1], (2, 1))), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=300,
        env={"PYTHONPATH": ":".join([str(Path(__file__).parent), *filter(None, sys.path)])},
    )
    assert done.returncode == 0, done.stderr
    # Mesa and Bullet print there too.
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("{"))
    assert json.loads(line) == here
    assert all(here[key] != here[f"{key[:-1]}2"] for key in here if key.endswith("1"))


def test_bits_are_the_same_whatever_episode_was_left_in_the_middle():
    env = make("KitTray", control_mode="ee_pose", control_hz=10, parts=(3, 8))

    def episode(seed, steps, acts=None):
        out, taken = [bits(env.reset(seed=seed)[0])], []
        expert = env.expert()
        for k in range(steps):
            taken.append(expert.act() if acts is None else acts[k])
            out += play(env, taken[-1:])
        return out, taken

    first, acts = episode(1, 32)
    for other, left_after in ((3, 26), (4, 31), (5, 35)):
        episode(other, left_after)
        assert episode(1, 32, acts)[0] == first
    env.close()
