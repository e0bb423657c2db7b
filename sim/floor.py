"""A scene with its arm, standing in a world: what the environment moves and looks at."""

from pathlib import Path

import numpy as np

from robots.catalogue import Robot
from robots.kinematics import rotation_from_quaternion
from sim.scene import PARTS, Scene
from sim.world import World

ASSETS = Path(__file__).parent / "assets"
GEAR = 2.0
"""How much stronger and faster than its motor the gear between two fingers is."""


class Floor:
    """One scene, one arm and its parts. Poses are (7,): xyz, quaternion xyzw, base frame."""

    def __init__(
        self, scene: str, robot: Robot, tick_hz: int, renderer: str, gui: bool = False
    ) -> None:
        self.scene = Scene.load(scene)
        self.robot = robot
        self.world = World(tick_hz, renderer, gui)
        for fixture in self.scene.fixtures.values():
            self.world.add_box(
                tuple(fixture["size"]), tuple(fixture["position"]), tuple(fixture["colour"])
            )
        for size, centre in self.scene.tray.boxes:
            self.world.add_box(size, centre, self.scene.tray.colour)
        # The light meshes where we have them; same joints, masses and collision shapes.
        light = ASSETS / robot.name / f"{robot.name}.urdf"
        self.arm = self.world.load(light if light.exists() else robot.urdf, fixed=True)
        self.joint_ids = self.world.joint_indices(self.arm, robot.joint_names)
        self.finger_ids = self.world.joint_indices(self.arm, robot.gripper_joint_names)
        self.tool_id = self.world.link_index(self.arm, robot.tool_link)
        self.world.free_joints(self.arm, self.joint_ids)
        for finger in self.finger_ids:
            self.world.set_friction(self.arm, finger, 1.5, 0.02)
        self.parts = {
            part: self.world.load(ASSETS / "parts" / f"{part}.urdf", (0.4, 0.1 * k, 0.05))
            for k, part in enumerate(PARTS)
        }
        self.world.save()

    def close(self) -> None:
        """Release the world."""
        self.world.close()

    def reset(self, q: np.ndarray, layout: dict[str, tuple[np.ndarray, str]]) -> None:
        """Put the arm at q with its gripper open, and each part at its (pose, colour)."""
        world = self.world
        # Contacts left over from the last episode would change the order in which Bullet solves
        # the new ones, and with it the last bits: lift every part out of touch for one tick.
        for k, body in enumerate(self.parts.values()):
            world.place(body, np.array([k, 0.0, 5.0]), np.array([0.0, 0.0, 0.0, 1.0]))
        world.step()
        world.restore()
        world.reset_joints(self.arm, self.joint_ids, q)
        opened = self.robot.gripper_opening[1]
        world.reset_joints(self.arm, self.finger_ids, np.full(len(self.finger_ids), opened))
        for part, (pose, colour) in layout.items():
            world.place(self.parts[part], pose[:3], pose[3:])
            world.paint(self.parts[part], self.scene.colours[colour])
        self.grip(1.0)

    def joints(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Give the arm's joint positions and velocities."""
        q, dq = self.world.read_joints(self.arm, self.joint_ids)
        return q, dq

    def apply(self, tau: list[float]) -> None:
        """Apply joint torques, N m, for the next tick."""
        self.world.apply_torques(self.arm, self.joint_ids, tau)
        if self.robot.gripper_geared:
            force, speed = GEAR * self.robot.gripper_force, GEAR * self.robot.gripper_speed
            leader, follower = self.finger_ids
            self.world.mirror(self.arm, leader, follower, force, speed)

    def grip(self, opening: float) -> None:
        """Drive the gripper to an opening, 0 closed .. 1 open."""
        closed, opened = self.robot.gripper_opening
        place = closed + min(max(opening, 0.0), 1.0) * (opened - closed)
        force, speed = self.robot.gripper_force, self.robot.gripper_speed
        self.world.drive_to(self.arm, self.finger_ids, place, force, speed)

    def gripper(self) -> float:
        """Give how far the gripper is open, 0 closed .. 1 open."""
        travel, _ = self.world.read_joints(self.arm, self.finger_ids)
        closed, opened = self.robot.gripper_opening
        share = (sum(travel) / len(travel) - closed) / (opened - closed)
        return min(max(share, 0.0), 1.0)

    def tool(self) -> np.ndarray:
        """Give the tool's pose (7,)."""
        return self.world.link_pose(self.arm, self.tool_id)

    def poses(self) -> dict[str, np.ndarray]:
        """Give the pose (7,) of every part: its foot's centre."""
        return {part: self.world.pose(body) for part, body in self.parts.items()}

    def picture(self, camera: str, width: int, height: int, shadow: bool) -> np.ndarray:
        """Draw what a camera sees now, (height, width, 3) uint8."""
        which = self.scene.cameras[camera]
        position, rotation = np.zeros(3), np.eye(3)
        if which.link == "tool":
            pose = self.tool()
            position, rotation = pose[:3], rotation_from_quaternion(pose[3:])
        view = which.view(position, rotation)
        return self.world.picture(view, which.projection(width, height), width, height, shadow)
