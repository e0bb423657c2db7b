"""A small simulated arm for the control laws: its own dynamics, and a wall to touch."""

import numpy as np

from robots import dynamics, kinematics, mass


class Wall:
    """A surface through `point` (3,) that pushes along its normal (3,): N/m and N s/m."""

    def __init__(self, point, normal, stiffness, damping=0.0):
        self.point, self.normal = np.asarray(point, float), np.asarray(normal, float)
        self.stiffness, self.damping = stiffness, damping

    def force(self, position, velocity):
        depth = (self.point - position) @ self.normal
        push = self.stiffness * depth - self.damping * velocity @ self.normal
        return max(push, 0.0) * self.normal if depth > 0.0 else np.zeros(3)


class Plant:
    """An arm without friction or joint stops. `heavier` scales its masses: a model's error.

    `wrench` (6,) is what the surroundings do to the tool, base frame; `push` is added to it.
    """

    def __init__(self, robot, dt, q=None, wall=None, heavier=1.0, substeps=4):
        self.q = np.array(robot.home if q is None else q, float)
        n = len(self.q)
        self.dq, self.push, self.wall = np.zeros(n), np.zeros(6), wall
        self.h, self.substeps = dt / substeps, substeps
        self.body = dynamics.body_record(robot.chain)
        self.body["chain"]["mass"] *= heavier
        self.body["inertia"] *= heavier
        self._work = np.empty((n, dynamics.WORK)), np.empty((n, mass.MASS_WORK)), np.empty((n, 9))
        self.position, self.rotation = np.empty(3), np.empty((3, 3))
        self.mass, self.jacobian = np.empty((n, n)), np.empty((6, n))
        self._place, self._turn = np.empty(3), np.empty((3, 3))
        self._look()

    def _look(self):
        kinematics.jacobian(
            self.body[0]["chain"], self.q, self.position, self.rotation, self._work[2],
            self.jacobian,
        )  # fmt: skip
        self.twist = self.jacobian @ self.dq
        self.wrench = self.push.copy()
        if self.wall:
            self.wrench[:3] += self.wall.force(self.position, self.twist[:3])

    def step(self, tau):
        """Move on by one tick under torques (n,)."""
        bias = np.empty(len(self.q))
        still = np.zeros(len(self.q))
        for _ in range(self.substeps):
            rnea, crba, _ = self._work
            dynamics.rnea(self.body[0], self.q, self.dq, still, self._place, self._turn, rnea, bias)
            mass.crba(self.body[0], self.q, self._place, self._turn, crba, self.mass)
            force = tau - bias + self.jacobian.T @ self.wrench
            self.dq = self.dq + self.h * np.linalg.solve(self.mass, force)
            self.q = self.q + self.h * self.dq
            self._look()


class Loop:
    """A controller and a plant, ticking together. Set goals as `loop.input["q_goal"]`."""

    def __init__(self, law, robot, rate, **plant):
        self.plant = Plant(robot, 1.0 / rate, **plant)
        self.instance = law.controller(len(robot.home)).instance(law.params(robot, rate))
        self.input, self.output = self.instance.input, self.instance.output
        self.flags = 0

    def tick(self):
        """Measure, control, move; give the output's record."""
        for name in set(self.input.dtype.names) & {"q", "dq", "wrench"}:
            self.input[name] = getattr(self.plant, name)
        self.instance.step()
        self.flags |= int(self.output["flags"][0])
        self.plant.step(self.output["tau"][0])
        return self.output[0]
