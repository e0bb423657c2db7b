"""Cases of `millhand bench kernels`: inverse kinematics to 1e-6 m and rad, and what others take.

Poses are forward kinematics of uniformly random postures of the Panda within its limits, so that
every one can be reached; every solver starts cold, at home. A case says how many of the poses
each side reached within the joint limits besides how many it does a second.
"""

import importlib
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from robots import catalogue
from robots.kinematics import quaternion_from_rotation
from robots.robot import Robot
from robots.timing import compare

TOLERANCE = 1e-6
# What solves the most of these poses in the least time, of 0 to 1e-2 and of 50 and 100 steps.
QP_DAMPING = 1e-2
BULLET_CALLS, BULLET_STEPS = 50, 100
QP_STEPS = 50
PASSES = 20
"""Over the poses in a turn of ours, so that something else that has the core disturbs both."""
Solve = Callable[[np.ndarray], np.ndarray | None]


def cases(count: int = 100, seed: int = 0) -> list[dict[str, Any]]:
    """Time ours against every peer that is installed; one case each, see `robots.timing`.

    Each has `success` and `peer_success` besides, the shares of the `count` poses solved within
    the limits, and `ratio_where_peer_reaches`; against PyBullet also `peer_success_any`, which
    does not ask for the limits.
    """
    robot = catalogue.load("panda")
    rng = np.random.default_rng(seed)
    poses = np.array([_pose(robot, q) for q in rng.uniform(robot.q_min, robot.q_max, (count, 7))])
    found = [_against_bullet(robot, poses)]
    for name, peer in (("pink", _pink), ("mink", _mink)):
        if find_spec(name) is not None:
            solve = peer(robot)
            found.append(_both(robot, poses, solve, f"{name}, QP steps until 1e-6"))
    many = np.concatenate([poses] * 10)
    found.append(
        compare(
            "ik panda, 1e-6, cold, batch",
            "poses/s",
            lambda: float(robot.solver.solve_batch(many).success.sum()),
        )
    )
    return found


def _pose(robot: Robot, q: np.ndarray) -> np.ndarray:
    position, rotation = robot.forward(q)
    return np.concatenate([position, quaternion_from_rotation(rotation)])


def _within(robot: Robot, q: np.ndarray | None) -> bool:
    if q is None:
        return False
    return bool((q >= robot.q_min - 1e-9).all() and (q <= robot.q_max + 1e-9).all())


def _ours(robot: Robot) -> Solve:
    def solve(pose: np.ndarray) -> np.ndarray | None:
        solution = robot.ik(pose)
        return solution.q if solution.success else None

    return solve


def _against(robot: Robot, poses: np.ndarray, peer: Solve, name: str) -> dict[str, Any]:
    ours = _ours(robot)

    def run(solve: Solve, passes: int) -> Callable[[], float]:
        def work() -> float:
            for _ in range(passes):
                for pose in poses:
                    solve(pose)
            return float(passes * len(poses))

        return work

    works = run(ours, PASSES), run(peer, 1)
    case = compare("ik panda, 1e-6, cold, one", "poses/s", *works, name, rounds=3)
    case["success"] = float(np.mean([_within(robot, ours(pose)) for pose in poses]))
    case["peer_success"] = float(np.mean([_within(robot, peer(pose)) for pose in poses]))
    return case


def _both(robot: Robot, poses: np.ndarray, peer: Solve, name: str) -> dict[str, Any]:
    """Time all poses, and those alone that the peer reaches: where it gives up it takes long."""
    case = _against(robot, poses, peer, name)
    reached = np.array([pose for pose in poses if peer(pose) is not None])
    alone = _against(robot, reached, peer, name + "; poses it reaches")
    return case | {"ratio_where_peer_reaches": alone["ratio"]}


def _against_bullet(robot: Robot, poses: np.ndarray) -> dict[str, Any]:
    """PyBullet: `calculateInverseKinematics` of 100 steps, its answer the next start, 50 times."""
    pybullet = importlib.import_module("pybullet")
    client = pybullet.connect(pybullet.DIRECT)
    try:
        solve = _bullet(pybullet, robot)
        name = f"pybullet, up to {BULLET_CALLS} x {BULLET_STEPS} steps until 1e-6"
        case = _both(robot, poses, solve, name)
        case["peer_success_any"] = float(np.mean([solve(pose) is not None for pose in poses]))
        return case
    finally:
        pybullet.disconnect(client)


def _bullet(pybullet: Any, robot: Robot) -> Solve:
    flags = pybullet.URDF_USE_INERTIA_FROM_FILE
    body = pybullet.loadURDF(str(robot.urdf), useFixedBase=True, flags=flags)
    links = {
        pybullet.getJointInfo(body, k)[12].decode(): k for k in range(pybullet.getNumJoints(body))
    }
    tip, n = links[robot.tool_link], len(robot.home)

    def place(q: Any) -> None:
        for joint in range(n):
            pybullet.resetJointState(body, joint, q[joint])

    def solve(pose: np.ndarray) -> np.ndarray | None:
        position, quaternion = pose[:3].tolist(), pose[3:].tolist()
        place(robot.home)
        for _ in range(BULLET_CALLS):
            q = pybullet.calculateInverseKinematics(
                body, tip, position, quaternion, maxNumIterations=BULLET_STEPS,
                residualThreshold=0.1 * TOLERANCE,
            )[:n]  # fmt: skip
            place(q)
            state = pybullet.getLinkState(body, tip, computeForwardKinematics=True)
            turn = pybullet.getDifferenceQuaternion(state[5], quaternion)
            linear = sum((a - b) ** 2 for a, b in zip(state[4], position, strict=True))
            angular = 4.0 * sum(x * x for x in turn[:3])
            if max(linear, angular) < TOLERANCE**2:
                return np.array(q)
        return None

    return solve


def _solver_name() -> str:
    available = importlib.import_module("qpsolvers").available_solvers
    return next(name for name in ("daqp", "quadprog", "proxqp", *available) if name in available)


def _stepped(state: Any, task: Any, step: Callable[[], np.ndarray]) -> np.ndarray | None:
    """Go on from a configuration, a second a step, until its task is done within 1e-6."""
    for _ in range(QP_STEPS):
        error = task.compute_error(state)
        if np.linalg.norm(error[:3]) < TOLERANCE and np.linalg.norm(error[3:]) < TOLERANCE:
            return np.array(state.q)
        try:
            velocity = step()
        except Exception:  # The QP has no answer: the pose is not reached.
            return None
        state.integrate_inplace(velocity, 1.0)
    return None


def _pink(robot: Robot) -> Solve:
    """Pink: one frame task of gain 1, a second a step, until within 1e-6."""
    pin, pink = importlib.import_module("pinocchio"), importlib.import_module("pink")
    whole = pin.buildModelFromUrdf(str(robot.urdf))
    locked = [whole.getJointId(name) for name in robot.gripper_joint_names]
    model = pin.buildReducedModel(whole, locked, pin.neutral(whole))
    data, solver = model.createData(), _solver_name()
    task = pink.tasks.FrameTask(robot.tool_link, 1.0, 1.0, lm_damping=QP_DAMPING, gain=1.0)
    limits = [pink.limits.ConfigurationLimit(model)]

    def solve(pose: np.ndarray) -> np.ndarray | None:
        task.set_target(pin.XYZQUATToSE3(pose))
        state = pink.Configuration(model, data, robot.home, copy_data=False)
        step = partial(pink.solve_ik, state, [task], 1.0, solver=solver, limits=limits)
        return _stepped(state, task, step)

    return solve


def _mink(robot: Robot) -> Solve:
    """Mink: the same on MuJoCo's model of the arm without its shapes and its fingers' joints."""
    mujoco, mink = importlib.import_module("mujoco"), importlib.import_module("mink")
    tree = ET.parse(robot.urdf).getroot()
    for link in tree.findall("link"):
        for shape in (*link.findall("visual"), *link.findall("collision")):
            link.remove(shape)
    for joint in tree.findall("joint"):
        if joint.get("name") in robot.gripper_joint_names:
            joint.set("type", "fixed")
    ET.SubElement(ET.SubElement(tree, "mujoco"), "compiler", fusestatic="false")
    model = mujoco.MjModel.from_xml_string(ET.tostring(tree, encoding="unicode"))
    solver, state = _solver_name(), mink.Configuration(model)
    task = mink.FrameTask(robot.tool_link, "body", 1.0, 1.0, lm_damping=QP_DAMPING, gain=1.0)
    limits = [mink.ConfigurationLimit(model, gain=1.0)]

    def solve(pose: np.ndarray) -> np.ndarray | None:
        wxyz_xyz = np.concatenate([pose[[6, 3, 4, 5]], pose[:3]])
        task.set_target(mink.SE3(wxyz_xyz))
        state.update(robot.home)
        step = partial(mink.solve_ik, state, [task], 1.0, solver=solver, limits=limits)
        return _stepped(state, task, step)

    return solve


if __name__ == "__main__":
    for case in cases():
        print(case)
