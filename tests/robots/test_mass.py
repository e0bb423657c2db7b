"""The mass matrix and the Jacobian's drift, against inverse dynamics and finite differences."""

import numpy as np
import pytest

from robots import catalogue, dynamics, kinematics, mass


@pytest.fixture(params=catalogue.names())
def arm(request):
    robot = catalogue.load(request.param)
    return robot, dynamics.body_record(robot.chain), len(robot.home)


def states(robot, count=20):
    rng = np.random.default_rng(3)
    for _ in range(count):
        q = rng.uniform(robot.q_min, robot.q_max)
        yield q, rng.normal(0, 1, len(q))


def jacobian(robot, q):
    """Give the Jacobian, and the work space and tool's place that it leaves."""
    n = len(q)
    out, scratch, position = np.empty((6, n)), np.empty((n, 9)), np.empty(3)
    kinematics.jacobian(robot.record[0], q, position, np.empty((3, 3)), scratch, out)
    return out, scratch, position


def test_crba_is_what_rnea_says_of_unit_accelerations(arm):
    robot, body, n = arm

    def rnea(q, dq, ddq):
        tau, work = np.empty(n), np.empty((n, dynamics.WORK))
        dynamics.rnea(body[0], q, dq, ddq, np.empty(3), np.empty((3, 3)), work, tau)
        return tau

    still = np.zeros(n)
    for q, _ in states(robot):
        out, work = np.empty((n, n)), np.full((n, mass.MASS_WORK), np.nan)
        mass.crba(body[0], q, np.empty(3), np.empty((3, 3)), work, out)
        rest = rnea(q, still, still)
        want = np.array([rnea(q, still, e) - rest for e in np.eye(n)])
        assert np.allclose(out, want, atol=1e-12)
        assert (out == out.T).all() and np.linalg.eigvalsh(out)[0] > 0


def test_the_drift_is_the_jacobians_change_times_dq(arm):
    robot, _, _ = arm
    h = 1e-6
    for q, dq in states(robot):
        _, scratch, position = jacobian(robot, q)
        drift = np.empty(6)
        mass.jacobian_drift(robot.record[0], dq, scratch, position, drift)
        ahead, behind = jacobian(robot, q + h * dq)[0], jacobian(robot, q - h * dq)[0]
        assert np.allclose(drift, (ahead - behind) / (2 * h) @ dq, atol=1e-6)
