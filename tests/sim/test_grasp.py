"""Every arm picks a part off the bench with its own gripper, limits and gains."""

import numpy as np
import pytest

from robots import catalogue
from robots.controllers import limited_impedance, limiter
from robots.kinematics import rotation_from_quaternion
from sim.floor import ASSETS
from sim.rigs.arm import GEAR
from sim.world import World

RATE = 500
DOWN = rotation_from_quaternion(np.array([1.0, 0.0, 0.0, 0.0]))
PLACES = {"panda": (0.48, 0.08), "iiwa": (0.48, 0.08), "xarm6": (0.42, 0.08), "so101": (0.22, 0.05)}
HEIGHT = 0.012


class Cell:
    """An arm at home over a bench with one part, driven as the environment drives it."""

    def __init__(self, name, part):
        self.robot, self.world = catalogue.load(name), World(RATE, "none")
        world, robot = self.world, self.robot
        world.add_box((1.1, 1.3, 0.05), (0.3, 0.0, -0.025), (1, 1, 1, 1))
        self.arm = world.load(robot.urdf, fixed=True)
        self.joints = world.joint_indices(self.arm, robot.joint_names)
        self.fingers = world.joint_indices(self.arm, robot.gripper_joint_names)
        world.free_joints(self.arm, self.joints)
        for finger in self.fingers:
            world.set_friction(self.arm, finger, 1.5, 0.02)
        world.reset_joints(self.arm, self.joints, robot.home)
        self.part = world.load(ASSETS / "parts" / f"{part}.urdf", (*PLACES[name], 0.0))
        n = len(robot.home)
        self.controller = limited_impedance.controller(n).instance(
            limited_impedance.params(robot, RATE)
        )
        self.q_goal, self.grip, self.flags, self.lag = robot.home.copy(), 1.0, 0, 0.0
        opened = robot.gripper_opening[1]
        world.reset_joints(self.arm, self.fingers, np.full(len(self.fingers), opened))

    def hold(self, seconds):
        world, robot = self.world, self.robot
        closed, opened = robot.gripper_opening
        place = closed + self.grip * (opened - closed)
        world.drive_to(self.arm, self.fingers, place, robot.gripper_force, robot.gripper_speed)
        for _ in range(int(seconds * RATE)):
            q, self.dq = world.read_joints(self.arm, self.joints)
            for key, value in (("q", q), ("dq", self.dq), ("q_goal", self.q_goal)):
                self.controller.input[key] = value
            self.controller.step()
            output = self.controller.output
            self.flags |= int(output["flags"][0])
            self.lag = max(self.lag, np.abs(output["q_ref"][0] - q).max())
            world.apply_torques(self.arm, self.joints, output["tau"][0].tolist())
            if robot.gripper_geared:
                force, speed = GEAR * robot.gripper_force, GEAR * robot.gripper_speed
                leader, follower = self.fingers
                place = world.read_joints(self.arm, [leader])[0][0]
                world.drive_to(self.arm, [follower], place, force, speed)
            world.step()

    def move(self, start, end, seconds):
        """Carry the tool, pointing down, along a line."""
        steps = int(seconds * 20)
        for k in range(1, steps + 1):
            point = np.asarray(start) + (np.asarray(end) - start) * k / steps
            self.q_goal, error = self.robot.inverse(self.q_goal, point, DOWN)
            assert error < 2e-3
            self.hold(1 / 20)


@pytest.mark.parametrize("part", ["bolt", "bearing"])
@pytest.mark.parametrize("name", catalogue.names())
def test_every_arm_grasps_and_lifts_parts(name, part):
    cell = Cell(name, part)
    x, y = PLACES[name]
    above, low = (x, y, HEIGHT + 0.10), (x, y, HEIGHT)
    try:
        cell.move(cell.robot.forward(cell.robot.home)[0], above, 1.5)
        cell.move(above, low, 1.0)
        cell.hold(0.3)
        cell.grip = 0.0
        cell.hold(1.0)
        gripped = cell.world.pose(cell.part)
        cell.move(low, above, 1.0)
        cell.hold(1.0)
        lifted = cell.world.pose(cell.part)
        cell.hold(0.5)
        later = cell.world.pose(cell.part)
    finally:
        cell.world.close()
    assert lifted[2] > 0.09
    assert np.abs(later - lifted)[2] < 5e-4
    if cell.robot.gripper_geared or len(cell.fingers) == 1:
        assert np.abs(lifted - gripped)[:2].max() < 3e-3
    assert np.abs(cell.dq).max() < 0.01
    assert cell.lag < 0.03
    assert not cell.flags & ~limiter.FLAG_TORQUE
