"""Inverse kinematics: the descent, the search over many starts, and what they say of themselves."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from robots import catalogue
from robots.errors import RobotError
from robots.generated import cache
from robots.ik import Solver, code, lanes
from robots.ik.writer import LANES, Rows
from robots.kinematics import (
    chain_record,
    forward,
    jacobian,
    quaternion_from_rotation,
    rotation_from_vector,
)
from robots.model import RobotModel

ARMS = ("panda", "iiwa", "xarm6", "so101")
DOWN = np.diag([1.0, -1.0, -1.0])


def postures(robot, count, seed):
    return np.random.default_rng(seed).uniform(robot.q_min, robot.q_max, (count, len(robot.home)))


def distance(robot, q, pose):
    """Metres and radians between where q takes the tool and a pose, by matrices alone."""
    position, rotation = robot.forward(q)
    turn = rotation.T @ pose[1]
    twist = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
    angle = np.arctan2(np.linalg.norm(twist), np.trace(turn) - 1.0)
    return np.linalg.norm(position - pose[0]), angle


@pytest.mark.parametrize("name", ARMS)
def test_every_reachable_pose_is_found(name):
    robot = catalogue.load(name)
    poses = [robot.forward(q) for q in postures(robot, 1000, 1)]
    found = robot.solver.solve_batch(poses)
    assert found.success.sum() >= 999
    for q, pose, success in zip(found.q, poses, found.success, strict=True):
        if success:
            assert np.allclose(distance(robot, q, pose), 0.0, atol=1e-6 + 1e-12)
    assert (found.q >= robot.q_min).all() and (found.q <= robot.q_max).all()


@pytest.mark.parametrize("name", ARMS)
def test_one_pose_at_a_time_finds_as_many(name):
    robot = catalogue.load(name)
    for q in postures(robot, 200, 2):
        pose = robot.forward(q)
        solution = robot.ik(pose)
        assert solution.success and solution.status == "reached"
        assert np.allclose(distance(robot, solution.q, pose), 0.0, atol=1.1e-6)
        assert solution.position_error == pytest.approx(distance(robot, solution.q, pose)[0])
        assert (solution.q >= robot.q_min).all() and (solution.q <= robot.q_max).all()


def test_a_search_gives_the_same_answer_every_time_and_another_for_another_seed():
    robot = catalogue.load("panda")
    poses = [robot.forward(q) for q in postures(robot, 20, 3)]
    once, again = robot.solver.solve_batch(poses), robot.solver.solve_batch(poses)
    assert np.array_equal(once.q, again.q) and np.array_equal(once.iterations, again.iterations)
    fresh = Solver(robot.chain, robot.q_min, robot.q_max, robot.home)
    first = [robot.ik(pose).q for pose in poses]
    assert np.array_equal(first, [fresh.solve(pose).q for pose in poses])
    assert not np.array_equal(first, [robot.ik(pose, seed=1).q for pose in poses])


@pytest.mark.parametrize("name", ARMS)
def test_written_code_agrees_with_the_chain(name):
    robot = catalogue.load(name)
    n, rows = len(robot.home), Rows(len(robot.home))
    w = np.zeros((rows.count, LANES))
    w[:n] = postures(robot, LANES, 4).T
    code.load(robot.chain).jacobian(w.ravel())
    for lane in range(LANES):
        position, rotation, jac = np.empty(3), np.empty((3, 3)), np.empty((6, n))
        q = w[:n, lane].copy()
        jacobian(robot.record[0], q, position, rotation, np.empty((n, 9)), jac)
        pose = np.concatenate([position, rotation.ravel()])
        assert np.allclose(w[rows.pose : rows.pose + 12, lane], pose, atol=1e-9)
        assert np.allclose(w[rows.jacobian :, lane], jac.ravel(), atol=1e-9)


def test_nearest_comes_nearer_to_the_posture_than_first():
    robot = catalogue.load("panda")
    gains = []
    for q in postures(robot, 20, 5):
        pose = robot.forward(q)
        first = robot.ik(pose, posture=robot.home)
        nearest = robot.ik(pose, posture=robot.home, choose="nearest")
        assert nearest.success
        assert np.allclose(distance(robot, nearest.q, pose), 0.0, atol=1.1e-6)
        assert (nearest.q >= robot.q_min).all() and (nearest.q <= robot.q_max).all()
        away = [np.linalg.norm(x.q - robot.home) for x in (first, nearest)]
        assert away[1] < away[0] + 1e-3
        gains.append(away[0] - away[1])
    assert np.mean(gains) > 0.3


def test_nearest_finds_the_answer_beside_the_posture_among_many():
    """An arm without a spare joint, whose joints turn more than once: hundreds of answers."""
    robot = catalogue.load("xarm6")
    rng = np.random.default_rng(11)
    for q in postures(robot, 30, 6):
        posture = q + rng.normal(0, 0.1, 6)
        found = robot.ik(robot.forward(q), start=robot.home, posture=posture, choose="nearest")
        assert np.linalg.norm(found.q - posture) <= np.linalg.norm(q - posture) + 1e-3


def test_joints_turn_no_further_from_the_posture_than_they_have_to():
    robot = catalogue.load("xarm6")
    for q in postures(robot, 30, 12):
        away = robot.ik(robot.forward(q)).q - robot.home
        turned = away - 2 * np.pi * np.sign(away)
        within = (turned + robot.home >= robot.q_min) & (turned + robot.home <= robot.q_max)
        assert (np.abs(away)[within] <= np.abs(turned)[within] + 1e-9).all()


def test_the_spare_joint_goes_to_the_posture_while_the_tool_stays():
    robot = catalogue.load("panda")
    pose = robot.forward(robot.home)
    start = robot.home + np.array([0.6, 0.1, -0.6, 0.1, 0.2, 0.1, 0.1])
    left = robot.solver.follow(pose, start, pull=0.5, settle=1e-5)
    assert left.success and np.linalg.norm(left.q - robot.home) < 1e-3
    alone = robot.solver.follow(pose, start, pull=0.0)
    assert alone.success and np.linalg.norm(alone.q - robot.home) > 0.1


@pytest.mark.parametrize("name", ARMS)
def test_following_a_path_takes_few_steps_and_does_not_jump(name):
    robot = catalogue.load(name)
    q = robot.home.copy()
    steps = []
    for k in range(200):
        angle = 2 * np.pi * k / 200
        way = robot.home.copy()
        way[:5] += (
            0.3 * np.array([np.sin(angle), 0.5 * np.sin(angle), 0.3, 0.2, 0.4]) * np.sin(angle)
        )
        found = robot.solver.follow(robot.forward(way), q, pull=0.05)
        assert found.success
        assert np.abs(found.q - q).max() < 0.15
        steps.append(found.iterations)
        q = found.q
    assert np.median(steps) <= 3 and max(steps[1:]) <= 6


def test_out_of_reach_says_how_far_and_comes_near():
    robot = catalogue.load("panda")
    for direction in ([1.0, 0.0, 0.2], [-0.5, 1.0, 0.3], [0.2, -1.0, 1.0]):
        position = 3.0 * np.array(direction) / np.linalg.norm(direction)
        found = robot.ik((position, DOWN), rotation="free")
        assert not found.success and found.message.startswith("out of reach: ")
        assert f"{found.position_error:.3g} m" in found.message
        # No posture of many is nearer by more than a millimetre.
        reach = [np.linalg.norm(robot.forward(q)[0] - position) for q in postures(robot, 4000, 7)]
        assert found.position_error < min(reach) + 1e-3
        assert found.position_error == pytest.approx(distance(robot, found.q, (position, DOWN))[0])
        with pytest.raises(RobotError, match="inverse kinematics: out of reach"):
            found.required()


def test_five_joints_reach_the_position_and_the_orientation_nearest_to_it():
    robot = catalogue.load("so101")
    rng = np.random.default_rng(9)
    for q in postures(robot, 10, 8):
        position, rotation = robot.forward(q)
        rotation = rotation_from_vector(rng.normal(0, 0.1, 3)) @ rotation
        assert not robot.ik((position, rotation)).success
        near = robot.ik((position, rotation), rotation="near")
        assert near.success and near.position_error <= 1e-6
        assert near.rotation_error <= distance(robot, q, (position, rotation))[1] + 1e-3
        free = robot.ik((position, rotation), rotation="free")
        assert free.success and free.position_error <= 1e-6


def test_singular_and_half_turn_starts_do_not_blow_up():
    robot = catalogue.load("panda")
    straight = np.clip(np.zeros(7), robot.q_min, robot.q_max)
    position, rotation = robot.forward(straight)
    found = robot.solver.follow((position - [0, 0, 0.2], rotation), straight)
    assert np.isfinite(found.q).all() and found.position_error < 0.25
    position, rotation = robot.forward(robot.home)
    for axis in np.eye(3):
        pose = position, rotation_from_vector(np.pi * axis) @ rotation
        local = robot.solver.follow(pose, robot.home)
        assert np.isfinite(local.q).all() and local.rotation_error <= np.pi + 1e-9
        assert robot.ik(pose).rotation_error < 1.0


def test_zero_poses_give_zero_solutions():
    robot = catalogue.load("panda")
    found = robot.solver.solve_batch(np.empty((0, 7)))
    assert found.q.shape == (0, 7) and len(found) == 0


def test_limits_given_are_kept():
    robot = catalogue.load("panda")
    q_min, q_max = robot.home - 0.5, robot.home + 0.5
    q_min, q_max = np.maximum(q_min, robot.q_min), np.minimum(q_max, robot.q_max)
    for q in np.random.default_rng(10).uniform(q_min, q_max, (30, 7)):
        found = robot.ik(robot.forward(q), q_min=q_min, q_max=q_max)
        assert found.success
        assert (found.q >= q_min).all() and (found.q <= q_max).all()


HOME = catalogue.load("panda").home
GOOD = np.array([0.5, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("pose", "says"),
    [
        ([0.5, 0, 0.4, 1, 0, 0], r"pose has shape \(6,\); valid: \(7,\)"),
        ([0.5, 0, np.nan, 1, 0, 0, 0], "not finite"),
        ([0.5, np.inf, 0.4, 1, 0, 0, 0], "not finite"),
        ([0.5, 0, 0.4, 1, 1, 0, 0], "length 1.41421356; it must be 1"),
        ([0.5, 0, 0.4, 0, 0, 0, 0], "length 0; it must be 1"),
        (([0.5, 0, 0.4], np.ones((3, 3))), "is no rotation"),
        (([0.5, 0, 0.4], -np.eye(3)), "is no rotation"),
        (([0.5, 0, 0.4], np.eye(2)), "quaternion has shape"),
        (([1e9, 0, 0.4], np.eye(3)), "not within 1e.06 m"),
        (([0.5, 0, 0.4], [[1, 0], [1]]), "rotation .* is no array"),
        (np.array([0.5, 0, 0.4, 1, 1, 0, 0]), "length 1.41421356; it must be 1"),
        (np.array([0.5, np.nan, 0.4, 1, 0, 0, 0]), "not finite"),
        (np.array([0.5, 0, 0.4, 1, 0, 0, np.nan]), "not finite"),
        (np.array([2e6, 0, 0.4, 1, 0, 0, 0]), "not within 1e.06 m"),
        (np.zeros((7, 1)), r"pose has shape \(7, 1\); valid: \(7,\)"),
        ("there", "pose 'there' is not 7 numbers"),
    ],
)
def test_a_pose_that_is_none_is_refused_in_one_line(pose, says):
    robot = catalogue.load("panda")
    with pytest.raises(RobotError, match=says) as error:
        robot.ik(pose)
    assert "\n" not in str(error.value)
    if not isinstance(pose, str):
        with pytest.raises(RobotError, match=f"pose 1: .*{says}"):
            robot.solver.solve_batch([GOOD, pose])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"start": np.full(7, 4.0)}, "start has 'panda_joint1' at 4, outside its limits"),
        ({"start": np.zeros(6)}, r"start has shape \(6,\); valid: \(7,\)"),
        ({"start": np.full(7, np.nan)}, "start .* is not finite"),
        ({"posture": np.zeros(3)}, "posture has shape"),
        ({"q_min": np.ones(7), "q_max": np.zeros(7)}, "'panda_joint1' has lower limit 1 above"),
        ({"q_min": np.full(7, np.nan)}, "q_min .* has NaN in it; valid: numbers, or infinity"),
        ({"q_max": np.ones(6)}, r"q_max has shape \(6,\); valid: \(7,\)"),
        ({"q_max": ["high"] * 7}, "q_max .* is not 7 numbers"),
        ({"q_max": HOME - 0.05, "start": HOME}, "start has 'panda_joint1' at 0, outside"),
        ({"choose": "best"}, "unknown choice 'best'"),
        ({"rotation": "most"}, "unknown rotation 'most'"),
        ({"tries": 0}, "tries is 0"),
        ({"tries": 0, "choose": "nearest"}, "tries is 0"),
        ({"tries": 1.5}, "tries is 1.5"),
        ({"seed": -1}, "seed is -1; valid: whole numbers from 0"),
        ({"seed": "home"}, "seed is 'home'"),
        ({"tolerance": (1e-6, -1.0)}, "tolerance"),
        ({"tolerance": 1e-6}, r"tolerance has shape \(\); valid: \(2,\)"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, says):
    robot = catalogue.load("panda")
    with pytest.raises(RobotError, match=says):
        robot.ik(GOOD, **options)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"poses": 5}, r"poses is 5; valid: \(p, 7\), or a list"),
        ({"poses": GOOD}, r"poses has shape \(7,\); valid: \(p, 7\)"),
        ({"poses": np.zeros((2, 6))}, r"poses has shape \(2, 6\); valid: \(p, 7\)"),
        ({"poses": np.full((2, 7), np.nan)}, "pose 0: pose .* is not finite"),
        ({"starts": np.zeros((3, 7))}, r"starts has shape \(3, 7\); valid: \(7,\) or \(2, 7\)"),
        ({"starts": "home"}, "starts is 'home', no array of numbers"),
        ({"starts": [HOME, HOME + 9]}, "start 1 has 'panda_joint1' at 9, outside its limits"),
        ({"starts": [HOME, HOME * np.nan]}, "start 1 .* is not finite"),
        ({"threads": 0}, "threads is 0; valid: whole numbers from 1"),
        ({"rotation": "most"}, "unknown rotation 'most'"),
    ],
)
def test_batches_that_cannot_be_used_are_refused_in_one_line(given, says):
    robot = catalogue.load("panda")
    with pytest.raises(RobotError, match=says) as error:
        robot.solver.solve_batch(**({"poses": np.array([GOOD, GOOD])} | given))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"pull": 1.5}, "pull is 1.5; valid: 0 to 1"),
        ({"pull": np.nan}, "pull is nan"),
        ({"settle": 0.0}, "settle is 0.0; valid: above 0"),
        ({"iterations": -1}, "iterations is -1; valid: whole numbers from 0"),
        ({"iterations": 2**40}, "iterations is 1099511627776"),
    ],
)
def test_a_descent_with_numbers_that_make_no_sense_is_refused(options, says):
    with pytest.raises(RobotError, match=says):
        catalogue.load("panda").solver.follow(GOOD, HOME, **options)


def reachable(robot, count, seed):
    """Poses (count, 7) that random postures take."""
    made = [robot.forward(q) for q in postures(robot, count, seed)]
    return np.array([np.concatenate([p, quaternion_from_rotation(r)]) for p, r in made])


def test_a_batch_gives_the_same_bits_on_any_number_of_threads():
    robot = catalogue.load("panda")
    poses = reachable(robot, 600, 16)
    once = robot.solver.solve_batch(poses)
    for threads in (2, 3, 7):
        again = robot.solver.solve_batch(poses, threads=threads)
        assert all(np.array_equal(x, vars(again)[name]) for name, x in vars(once).items())
    first = robot.solver.solve_batch(poses[:256], threads=2)
    assert np.array_equal(first.q, once.q[:256])


def test_float32_poses_give_float32_answers_within_the_limits():
    robot = catalogue.load("panda")
    q = postures(robot, 50, 17)
    q[::2, 3] = robot.q_max[3]
    poses = np.array([np.concatenate([p, quaternion_from_rotation(r)]) for p, r in
                      (robot.forward(x) for x in q)])  # fmt: skip
    found = robot.solver.solve_batch(poses.astype(np.float32))
    assert found.success.all()
    assert found.q.dtype == found.position_error.dtype == found.rotation_error.dtype == np.float32
    assert (found.q >= robot.q_min).all() and (found.q <= robot.q_max).all()
    for one, pose in zip(found.q, poses, strict=True):
        position, rotation = robot.forward(one)
        assert np.linalg.norm(position - pose[:3]) < 3e-6
        assert np.abs(quaternion_from_rotation(rotation) @ pose[3:]) > 1 - 1e-10
    assert robot.solver.solve_batch(poses, starts=found.q).success.all()
    assert robot.ik(poses[0].astype(np.float32)).q.dtype == np.float64


def test_a_row_of_any_layout_is_the_same_pose():
    robot = catalogue.load("panda")
    poses = reachable(robot, 3, 18)
    wanted = robot.ik(poses[1]).q
    for pose in (poses[1].tolist(), np.asfortranarray(poses)[1], np.repeat(poses, 2, 1)[1, ::2]):
        assert np.array_equal(robot.ik(pose).q, wanted)


def test_one_call_leaves_nothing_behind_for_the_next():
    robot = catalogue.load("panda")
    near, far = reachable(robot, 2, 19)
    wanted = robot.ik(near)
    robot.ik(far, rotation="free", tolerance=(1e-3, 1e-3), seed=3, tries=5)
    robot.ik(far, start=robot.q_min, q_max=robot.q_max - 0.1)
    with pytest.raises(RobotError):
        robot.ik(near * 2)
    again = robot.ik(near)
    assert np.array_equal(again.q, wanted.q) and again.iterations == wanted.iterations
    with ThreadPoolExecutor(4) as pool:
        assert all(np.array_equal(x.q, wanted.q) for x in pool.map(robot.ik, [near] * 64))


def test_written_code_is_kept_in_the_one_cache_of_generated_sources():
    module = code.load(catalogue.load("panda").chain)
    assert Path(module.__file__).parent == cache.folder()
    assert code.load(catalogue.load("panda").chain) is module


def test_a_quaternion_and_a_matrix_say_the_same():
    robot = catalogue.load("iiwa")
    position, rotation = robot.forward(robot.home + 0.1)
    quaternion = quaternion_from_rotation(rotation)
    one = robot.ik(np.concatenate([position, quaternion]))
    assert np.allclose(one.q, robot.ik((position, rotation)).q, atol=1e-6)
    assert np.allclose(one.q, robot.ik((position, quaternion)).q, atol=1e-6)


def test_poses_in_one_array_are_those_one_by_one():
    robot = catalogue.load("iiwa")
    poses = []
    for q in postures(robot, 20, 13):
        position, rotation = robot.forward(q)
        poses.append(np.concatenate([position, quaternion_from_rotation(rotation)]))
    once = robot.solver.solve_batch(np.array(poses))
    assert np.allclose(once.q, robot.solver.solve_batch(poses).q, atol=1e-5)
    poses[7] = poses[7] * 2.0
    with pytest.raises(RobotError, match="pose 7: quaternion .* has length 2"):
        robot.solver.solve_batch(np.array(poses))


@pytest.fixture(scope="module")
def odd_arm(tmp_path_factory):
    """Eight joints about slanting axes, one that slides and two that turn without end."""
    kinds = ["revolute", "continuous", "prismatic", *["revolute"] * 4, "continuous"]
    rng = np.random.default_rng(14)
    inertial = (
        '<inertial><mass value="1"/>'
        '<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
    )
    text = f'<robot name="odd"><link name="l0">{inertial}</link>'
    for k, kind in enumerate(kinds):
        xyz, rpy = rng.uniform(-0.3, 0.3, 3), rng.uniform(-3, 3, 3)
        limit = '<limit lower="-0.4" upper="0.5" velocity="1" effort="1"/>'
        if kind == "revolute":
            limit = limit.replace("0.4", "2").replace("0.5", "2.5")
        text += (
            f'<link name="l{k + 1}">{inertial}</link><joint name="j{k}" type="{kind}">'
            f'<parent link="l{k}"/><child link="l{k + 1}"/>{limit}'
            f'<origin xyz="{xyz[0]} {xyz[1]} {xyz[2]}" rpy="{rpy[0]} {rpy[1]} {rpy[2]}"/>'
            f'<axis xyz="{rng.normal()} {rng.normal()} {rng.normal()}"/></joint>'
        )
    path = tmp_path_factory.mktemp("odd") / "odd.urdf"
    path.write_text(text + "</robot>")
    return RobotModel.from_urdf(path).chain("l8")


def test_an_arm_of_any_build_is_solved(odd_arm):
    solver, record = Solver(odd_arm), chain_record(odd_arm)
    rng = np.random.default_rng(15)
    low, high = np.maximum(solver.q_min, -3.0), np.minimum(solver.q_max, 3.0)
    poses = []
    for q in rng.uniform(low, high, (200, 8)):
        position, rotation = np.empty(3), np.empty((3, 3))
        forward(record[0], q, position, rotation)
        poses.append((position, rotation))
    found = solver.solve_batch(poses)
    assert found.success.all()
    for q, pose in zip(found.q, poses, strict=True):
        position, rotation = np.empty(3), np.empty((3, 3))
        forward(record[0], q, position, rotation)
        assert np.allclose(position, pose[0], atol=1e-6)
        assert np.allclose(rotation, pose[1], atol=1.5e-6)
    assert (found.q >= solver.q_min).all() and (found.q <= solver.q_max).all()


def test_starts_fill_the_limits_evenly():
    step = lanes.stride(7)
    points = (np.arange(4096)[:, None] * step) % 1.0
    for i in range(7):
        counts = np.histogram(points[:, i], 16, (0, 1))[0]
        assert counts.min() > 200 and counts.max() < 312
