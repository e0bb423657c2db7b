"""Trees of moving bodies against PyBullet: the catalogue, its data's URDFs, and random ones."""

from pathlib import Path

import numpy as np
import pybullet
import pybullet_data
import pytest

from robots import catalogue, reference
from robots.errors import ModelError, RobotError
from robots.model import RobotModel
from tests.robots import peers

DATA = Path(pybullet_data.getDataPath())
# Every URDF shipped there with a movable joint that our reader takes.
SHIPPED = [
    "TwoJointRobot_w_fixedJoints",
    "TwoJointRobot_wo_fixedJoints",
    "a1/a1",
    "aliengo/aliengo",
    "cartpole",
    "cube_rotate",
    "franka_panda/panda",
    "kuka_iiwa/model",
    "kuka_iiwa/model_for_sdf",
    "kuka_iiwa/model_free_base",
    "kuka_iiwa/model_vr_limits",
    "laikago/laikago_toes_zup",
    "laikago/laikago_toes_zup_lores",
    "mini_cheetah/mini_cheetah",
    "pendulum5",
    "pr2_gripper",
    "quadruped/minitaur",
    "quadruped/minitaur_derpy",
    "quadruped/minitaur_fixed_knees",
    "quadruped/minitaur_rainbow_dash",
    "quadruped/minitaur_rainbow_dash_v1",
    "quadruped/minitaur_single_motor",
    "quadruped/minitaur_v1",
    "quadruped/quadruped",
    "quadruped/spirit40",
    "quadruped/spirit40newer",
    "quadruped/vision60",
    "r2d2",
    "racecar/racecar",
    "racecar/racecar_differential",
    "xarm/xarm6_robot",
    "xarm/xarm6_robot_white",
    "xarm/xarm6_with_gripper",
]
# And those that it refuses, with why.
REFUSED = {
    "bicycle/bike": "'0.07, 0, -0.69' is not 3 numbers",
    "biped/biped2d_pybullet": "not valid XML",
    "cube_no_rotation": "lower limit 1.0 above its upper -1.0",
    "differential/diff_ring": "not valid XML",
    "humanoid/humanoid": "not valid XML",
    "husky/husky": "optenv",
    "laikago/laikago": "'FR_hip_motor' moves but has mass 1.095 and inertia",
    "laikago/laikago_toes": "'FR_hip_motor' moves but has mass 1.095 and inertia",
    "laikago/laikago_toes_limits": "'FR_hip_motor' moves but has mass 1.095 and inertia",
    "quadruped/microtaur/microtaur": "is not 3 finite numbers",
}
RANDOM = 50


def compare(urdf, tree, model, count, held=None):
    """Hold a tree to Bullet's view of its URDF; the dynamics for what Bullet holds each to weigh.

    Bullet turns inertias to principal axes as it reads them, and finds those to some 1e-8.
    """
    bullet = peers.Bullet(urdf, tree, held)
    try:
        weighed = bullet.weighed(model)
        for name, link in model.links.items():
            gap = np.abs(weighed.links[name].inertia - link.inertia).max()
            assert gap <= 1e-7 * max(np.abs(link.inertia).max(), 1e-9), name
        free = [joint.name for joint in model.movable if joint.mimic is None]
        still = {name: value for name, value in (held or {}).items() if name in free}
        heavy = weighed.tree(tree.floating, tree.names, still)
        for q, v, a in peers.states(tree, count, 3):
            found = reference.poses(tree, q)
            links = bullet.poses(q)
            assert set(links) | {model.root} == set(tree.frames)
            for link, (position, rotation, com) in links.items():
                at, turn = reference.frame_pose(tree, q, link)
                assert np.abs(at - position).max() < 1e-12, link
                assert np.abs(turn - rotation).max() < 1e-12, link
                assert np.abs(at + turn @ model.links[link].com - com).max() < 1e-12, link
                jacobian = reference.jacobian(tree, q, link)
                assert np.abs(jacobian - bullet.jacobian(q, link)).max() < 1e-12, link
            assert len(found.position) == len(tree.bodies) + 1
            for got, want in (
                (reference.rnea(heavy, q, v, a), bullet.rnea(q, v, a)),
                (reference.crba(heavy, q), bullet.crba(q)),
            ):
                assert np.abs(got - want).max() <= 1e-10 * np.abs(want).max()
        carried = tree.mass.sum() + tree.base_mass
        own = 0.0 if tree.floating else model.links[model.root].mass
        assert np.isclose(bullet.mass(), carried - own, rtol=1e-12)
    finally:
        bullet.close()


@pytest.mark.parametrize("name", catalogue.every())
def test_catalogue_equals_pybullet(name):
    model, urdf = catalogue.model(name), catalogue.urdf(name)
    if name not in catalogue.names():
        compare(urdf, model.tree(joints=catalogue.tree(name).names), model, 50)
        compare(urdf, catalogue.tree(name), model, 50)
        return
    gripper = catalogue.load(name).gripper_joint_names
    compare(urdf, catalogue.tree(name, whole=True), model, 50)
    opened = catalogue.tree(name, opening=0.03)
    compare(urdf, opened, model, 50, dict.fromkeys(gripper, 0.03))
    assert opened.n == len(catalogue.load(name).joint_names) == len(opened.bodies)


@pytest.mark.parametrize("name", ["a1", "husky"])
def test_a_floating_base_weighs_and_accelerates_as_pybullets(name):
    """One step of a microsecond, forces on all joints, the base turned and moving as it may."""
    tree, rng, h = catalogue.tree(name), np.random.default_rng(7), 1e-6
    client = pybullet.connect(pybullet.DIRECT)
    pybullet.setGravity(0, 0, -9.81)
    pybullet.setTimeStep(h)
    try:
        body = pybullet.loadURDF(
            str(catalogue.urdf(name)), flags=pybullet.URDF_USE_INERTIA_FROM_FILE
        )
        index = {
            pybullet.getJointInfo(body, i)[1].decode(): i
            for i in range(pybullet.getNumJoints(body))
        }
        joints = [index[joint] for joint in tree.names]
        still = {"linearDamping": 0, "angularDamping": 0, "jointDamping": 0}
        for i in range(-1, len(index)):
            pybullet.changeDynamics(body, i, maxJointVelocity=1e9, **still)
            pybullet.setCollisionFilterGroupMask(body, i, 0, 0)
        off = {"controlMode": pybullet.VELOCITY_CONTROL, "forces": [0] * tree.n}
        pybullet.setJointMotorControlArray(body, joints, **off)
        mass = sum(pybullet.getDynamicsInfo(body, i)[0] for i in range(-1, len(index)))
        assert np.isclose(mass, tree.mass.sum() + tree.base_mass, rtol=1e-12)
        # Bullet states a base by the frame of its inertia.
        inner = pybullet.getDynamicsInfo(body, -1)[3:5]

        def velocities():
            joint = [state[1] for state in pybullet.getJointStates(body, joints)]
            return np.concatenate([*pybullet.getBaseVelocity(body), joint])

        for q, v, _ in peers.states(tree, 10, 1):
            tau = np.concatenate([np.zeros(6), rng.normal(0, 10, tree.n)])
            turn = reference.rotation_of(q[3:7])
            arm, spin, slide = turn @ inner[0], turn @ v[3:6], turn @ v[:3]
            place = pybullet.multiplyTransforms(q[:3], q[3:7], *inner)
            pybullet.resetBasePositionAndOrientation(body, *place)
            pybullet.resetBaseVelocity(body, slide + np.cross(spin, arm), spin)
            for joint, value, speed in zip(joints, q[7:], v[6:], strict=True):
                pybullet.resetJointState(body, joint, value, speed)
            pybullet.setJointMotorControlArray(
                body, joints, pybullet.TORQUE_CONTROL, forces=tau[6:]
            )
            before = velocities()
            pybullet.stepSimulation()
            got = (velocities() - before) / h
            a = reference.forward_dynamics(tree, q, v, tau)
            alpha = turn @ a[3:6]
            linear = turn @ a[:3] + np.cross(spin, slide)
            linear = linear + np.cross(alpha, arm) + np.cross(spin, np.cross(spin, arm))
            for part, want in ((got[:3], linear), (got[3:6], alpha), (got[6:], a[6:])):
                assert np.abs(part - want).max() < 1e-5 * np.abs(want).max()
    finally:
        pybullet.disconnect(client)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_urdfs_equal_pybullet(name, tmp_path):
    urdf = peers.plain(DATA / f"{name}.urdf", tmp_path / "plain.urdf")
    model = RobotModel.from_urdf(urdf)
    compare(urdf, model.tree(), model, 10)


@pytest.mark.parametrize("seed", range(RANDOM))
def test_random_urdfs_equal_pybullet(seed, tmp_path):
    urdf = tmp_path / "random.urdf"
    urdf.write_text(peers.random_urdf(seed))
    model = RobotModel.from_urdf(urdf)
    compare(urdf, model.tree(), model, 10)


def test_shipped_and_refused_are_all_there_are_with_movable_joints():
    """None of the thousand in random_urdfs has one, so RANDOM makes its own."""
    shipped, single = set(), 0
    for path in DATA.rglob("*.urdf"):
        text = path.read_text(errors="replace")
        moves = any(f'type="{kind}"' in text for kind in ("revolute", "continuous", "prismatic"))
        if moves:
            shipped.add(path.relative_to(DATA).with_suffix("").as_posix())
        elif path.parent.parent.name == "random_urdfs":
            single += 1
    assert shipped == {*SHIPPED, *REFUSED}
    assert single == len(list((DATA / "random_urdfs").glob("*/*.urdf"))) >= 900


@pytest.mark.parametrize("name", REFUSED)
def test_shipped_urdfs_that_make_no_sense_are_refused(name):
    with pytest.raises(ModelError, match=REFUSED[name].replace("$", r"\$")):
        RobotModel.from_urdf(DATA / f"{name}.urdf")


def test_a_single_body_is_refused_for_want_of_a_joint():
    with pytest.raises(ModelError, match=r"000.urdf: no movable joint"):
        RobotModel.from_urdf(DATA / "random_urdfs" / "000" / "000.urdf")


def test_branches_lie_in_one_piece_and_parents_come_first():
    tree = catalogue.tree("a1")
    assert tree.floating and (tree.n, tree.nq, tree.nv) == (12, 19, 18)
    assert tree.parent.tolist() == [-1, 0, 1, -1, 3, 4, -1, 6, 7, -1, 9, 10]
    assert tree.names == tree.bodies and (tree.dof == np.arange(12)).all()
    assert np.isclose(tree.base_mass + tree.mass.sum(), 12.458)
    assert tree.frames["trunk"][0] == -1 and tree.frames["FR_toe"][0] == 2


def test_a_tree_of_the_arm_alone_is_its_chain():
    for name in catalogue.names():
        robot, tree = catalogue.load(name), catalogue.tree(name)
        assert tree.names == robot.joint_names
        for field in ("position", "rotation", "axis", "mass", "com", "inertia", "prismatic"):
            assert np.allclose(getattr(tree, field), getattr(robot.chain, field), atol=1e-14)
        body, position, rotation = tree.frame(robot.tool_link)
        assert body == tree.n - 1
        assert np.allclose(position, robot.chain.tool_position, atol=1e-14)
        assert np.allclose(rotation, robot.chain.tool_rotation, atol=1e-14)
        assert (tree.q_min == robot.q_min).all() and (tree.tau_max == robot.tau_max).all()


def test_coordinates_follow_the_order_asked_for():
    model = catalogue.load("panda").model
    names = [f"panda_joint{i}" for i in (3, 1, 2)]
    tree = model.tree(joints=names, hold={"panda_joint4": -1.5})
    assert tree.names == tuple(names)
    assert tree.bodies == ("panda_joint1", "panda_joint2", "panda_joint3")
    assert tree.dof.tolist() == [1, 2, 0]
    whole = catalogue.tree("panda", whole=True)
    q = np.array([0.3, 0.1, 0.2])
    full = np.array([0.1, 0.2, 0.3, -1.5, 0, 0, 0, 0])
    for link in ("panda_leftfinger", "panda_link2"):
        got = reference.frame_pose(tree, q, link)
        assert np.allclose(got[0], reference.frame_pose(whole, full, link)[0], atol=1e-14)
    # One held out of the coordinates, and the rest in the tree's own order.
    assert model.tree(hold={"panda_joint4": -1.5}).n == whole.n - 1


@pytest.fixture(scope="module")
def mimics(tmp_path_factory):
    path = tmp_path_factory.mktemp("urdf") / "mimics.urdf"
    path.write_text(peers.MIMICS)
    return path


def test_joints_that_mimic_share_a_coordinate(mimics):
    tree = RobotModel.from_urdf(mimics).tree()
    assert (tree.names, tree.bodies) == (("a", "d"), ("a", "c", "b", "d"))
    assert tree.dof.tolist() == [0, 0, 0, 1]
    # c = -1.5 b + 0.2 and b = 0.4 a - 0.1, so c = -0.6 a + 0.35.
    assert np.allclose(tree.ratio, [1, -0.6, 0.4, 1])
    assert np.allclose(tree.offset, [0, 0.35, -0.1, 0])
    assert (tree.q_min.tolist(), tree.dq_max.tolist()) == ([-1, -1], [8, 9])
    finger = catalogue.tree("panda", whole=True)
    assert finger.dof.tolist() == [*range(8), 7] and finger.n == 8


def test_a_mimic_stands_still_with_the_joint_it_follows(mimics):
    model = RobotModel.from_urdf(mimics)
    free, still = model.tree(), model.tree(joints=["d"], hold={"a": 0.7})
    assert still.n == 1 and still.bodies == ("d",)
    for link in still.frames:
        want = reference.frame_pose(free, np.array([0.7, 0.2]), link)
        got = reference.frame_pose(still, np.array([0.2]), link)
        assert np.allclose(got[0], want[0], atol=1e-14), link
        assert np.allclose(got[1], want[1], atol=1e-14), link
    with pytest.raises(ModelError, match="joint 'c' mimics 'b', and a chain's joints move on"):
        model.chain("l2")
    mass = reference.crba(free, np.array([0.7, 0.2]))[1, 1]
    assert np.isclose(reference.crba(still, np.array([0.2]))[0, 0], mass, rtol=1e-14)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('mimic joint="a"', 'mimic joint="x"', "joint 'b' mimics 'x', which is no movable joint"),
        ('mimic joint="a"', 'mimic joint="rigid"', "'b' mimics 'rigid', which is no movable"),
        ('mimic joint="a"', "mimic", "joint 'b' mimics '', which is no movable joint"),
        ('mimic joint="a"', 'mimic joint="c"', "mimics itself by way of"),
        ('mimic joint="a"', 'mimic joint="b"', "joint 'b' mimics itself"),
        ('multiplier="0.4"', 'multiplier="twice"', "'b' mimic multiplier: 'twice' is not"),
        ('offset="-0.1"', 'offset="nan"', "'b' mimic offset: 'nan' is not 1 finite"),
    ],
)
def test_mimics_of_nothing_are_refused_by_name(tmp_path, old, new, says):
    path = tmp_path / "robot.urdf"
    path.write_text(peers.MIMICS.replace(old, new))
    with pytest.raises(ModelError, match=says) as caught:
        RobotModel.from_urdf(path)
    assert "robot.urdf" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"joints": ["a", "e"]}, "unknown movable joint 'e'"),
        ({"joints": ["a", "rigid"]}, "unknown movable joint 'rigid'"),
        ({"joints": ["a", "a"]}, "joint 'a' is named twice"),
        ({"joints": ["a", "b"]}, "joint 'b' mimics 'a'; name that one instead"),
        ({"joints": []}, "needs a joint that moves"),
        ({"hold": {"a": 0, "d": 0}}, "needs a joint that moves"),
        ({"joints": ["a"], "hold": {"a": 0}}, "joint 'a' cannot both be held and move"),
        ({"hold": {"c": 0}}, "joint 'c' mimics 'a'"),
        ({"hold": {"z": 0}}, "unknown movable joint 'z'"),
        ({"hold": {"a": 2.5}}, "joint 'a' cannot be held at 2.5; valid: a number from -1 to 2"),
        ({"hold": {"a": float("nan")}}, "joint 'a' cannot be held at nan"),
        ({"hold": {"a": "far"}}, "joint 'a' cannot be held at 'far'"),
    ],
)
def test_nonsense_is_refused_by_name(mimics, how, says):
    with pytest.raises(ModelError, match=says):
        RobotModel.from_urdf(mimics).tree(**how)


def test_a_base_without_mass_cannot_float(tmp_path):
    path = tmp_path / "robot.urdf"
    path.write_text(peers.MIMICS.replace('<mass value="2"/>', '<mass value="0"/>', 1))
    model = RobotModel.from_urdf(path)
    assert model.tree().n == 2
    with pytest.raises(ModelError, match="link 'base' is to float but carries mass 0"):
        model.tree(floating=True)


def test_the_catalogue_refuses_what_it_has_not():
    with pytest.raises(RobotError, match="unknown robot 'huskie'; did you mean 'husky'"):
        catalogue.tree("huskie")
    with pytest.raises(ModelError, match="'panda_finger_joint1' cannot be held at 0.5"):
        catalogue.tree("panda", opening=0.5)
    with pytest.raises(RobotError, match="a1: an opening of 0.1 cannot be held"):
        catalogue.tree("a1", opening=0.1)
    with pytest.raises(RobotError, match="gripper's joints are free"):
        catalogue.tree("panda", opening=0.02, whole=True)
    with pytest.raises(RobotError, match="unknown link 'panda_hnd'; did you mean 'panda_hand'"):
        catalogue.tree("panda").frame("panda_hnd")
