"""Where an arm's joints have to go for its tool to move, compiled: once a step of `ee_delta`."""

import numpy as np

from robots.kernel import kernel
from robots.kinematics import inverse, rotation_by_vector
from robots.robot import IK_ITERATIONS, IK_TOLERANCE


@kernel
def spread(start, goal, goals):  # type: ignore[no-untyped-def]
    """Write what every tick of a step asks for, goals (ticks, n): straight on from start (n,).

    Says whether all of the goal (n,) is finite.
    """
    ticks, finite = len(goals), True
    for i in range(len(goal)):
        finite = finite and -np.inf < goal[i] < np.inf
    for k in range(ticks):
        for i in range(len(start)):
            goals[k, i] = start[i] + (k + 1) / ticks * (goal[i] - start[i])
    return finite


@kernel
def move_tool(  # type: ignore[no-untyped-def]
    chains, q_min, q_max, posture, base, mount, action, steps, within, place, facing, q, goal, goals
):
    """Move a tool's goal by an action: a shift, a rotation vector, floor's frame, and more.

    `steps` (2,) are what 1 means, m and rad. Where a number is not finite no joint goal is either.

    `chains` (1,) is the arm's, which stands at `base` (3,), turned by `mount` (3, 3). The goal is
    at `place` (3,), facing (3, 3); q (n,) are its joints. Writes the new goal to place and facing
    and its joints to `goal` (n,); where the arm comes no nearer to it than `within` all stay, so
    that moves do not pile up where the arm cannot follow. What follows is that of `spread`.
    """
    there, facing_there, turned = np.empty(3), np.empty((3, 3)), np.empty((3, 3))
    local, facing_local = np.empty(3), np.empty((3, 3))
    for i in range(len(action)):
        if not -np.inf < action[i] < np.inf:
            goal[:] = np.nan
            return spread(q, goal, goals)
    for i in range(3):
        local[i] = steps[1] * action[3 + i]
    rotation_by_vector(local, turned)
    for i in range(3):
        there[i] = place[i] + steps[0] * action[i]
        for j in range(3):
            total = 0.0
            for k in range(3):
                total += turned[i, k] * facing[k, j]
            facing_there[i, j] = total
    for i in range(3):
        local[i] = 0.0
        for k in range(3):
            local[i] += mount[k, i] * (there[k] - base[k])
        for j in range(3):
            total = 0.0
            for k in range(3):
                total += mount[k, i] * facing_there[k, j]
            facing_local[i, j] = total
    left = inverse(
        chains[0], q_min, q_max, q, local, facing_local, posture, IK_ITERATIONS, IK_TOLERANCE, goal
    )
    if left > within:
        goal[:] = q
    else:
        place[:] = there
        facing[:] = facing_there
    return spread(q, goal, goals)
