"""What a listing says of each robot: its kind, size and limits, and whose model it is."""

from dataclasses import dataclass

import numpy as np

from robots import catalogue, legged, mobile


@dataclass(frozen=True)
class About:
    """Kind of robot, source and licence of its model, and an arm's reach in metres.

    `reach` is how far the tool comes at most from the first joint's axis, within the limits.
    """

    kind: str
    source: str
    licence: str
    reach: float | None = None


ABOUT = {
    "panda": About("arm", "franka_description", "Apache-2.0", 0.949),
    "iiwa": About("arm", "lbr_iiwa, our gripper", "BSD-2-Clause", 1.075),
    "xarm6": About("arm", "xarm_description, our gripper", "BSD-3-Clause", 0.879),
    "so101": About("arm", "our drawing of the SO-ARM101", "Apache-2.0", 0.442),
    "a1": About("quadruped", "a1_description", "BSD-3-Clause"),
    "husky": About("base", "husky_description, our deck", "BSD-3-Clause"),
}
"""The models named are those shipped in pybullet_data; see sim/assets/LICENSES.md for more."""


def facts(name: str) -> dict[str, object]:
    """Give what there is to say of a robot, SI units, ready to print as JSON.

    `joints` are those its controllers drive, a gripper's apart; `dof` adds the six of a base that
    moves. An arm has its `reach`, the others what speed they are driven at, forwards and turning;
    for every joint there are `limits`, None where there is none. Raises RobotError for a name
    that is no robot's.
    """
    tree, about = catalogue.tree(name), ABOUT[name]
    gripper, speed, tool = 0, None, {"a1": "four legs", "husky": "loading deck"}.get(name)
    if name in catalogue.names():
        arm = catalogue.load(name)
        gripper, tool = len(arm.gripper_joint_names), arm.tool_link
    elif name in legged.names():
        forwards, _, turning = legged.load(name).speed_max
        speed = [float(forwards), float(turning)]
    else:
        base = mobile.load(name)
        speed = [base.v_max, base.w_max]
    columns = {"q_min": tree.q_min, "q_max": tree.q_max, "dq": tree.dq_max, "tau": tree.tau_max}
    limits = {
        key: [float(value) if np.isfinite(value) else None for value in values]
        for key, values in columns.items()
    }
    return {
        "name": name,
        "kind": about.kind,
        "joints": tree.n,
        "dof": tree.nv,
        "gripper_joints": gripper,
        "mass": round(float(tree.base_mass + tree.mass.sum()), 3),
        "reach": about.reach,
        "speed": speed,
        "tool": tool,
        "joint_names": list(tree.names),
        "limits": limits,
        "source": about.source,
        "licence": about.licence,
    }
