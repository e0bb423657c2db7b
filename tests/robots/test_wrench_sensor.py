"""The sensor's reading becomes the wrench of the surroundings, whatever hangs on it."""

import numpy as np
import pytest

from robots import catalogue
from robots.controllers import admittance, wrench_sensor
from robots.controllers.flags import FLAG_SENSOR
from robots.controllers.series import series

PANDA = catalogue.load("panda")
MASS, COM, BIAS = 0.7, np.array([0.02, -0.01, 0.05]), np.array([1.0, -2.0, 0.5, 0.1, 0.2, -0.3])


def sensor():
    params = wrench_sensor.params(PANDA, 500.0)
    params["mass"], params["com"], params["bias"] = MASS, COM, BIAS
    return wrench_sensor.controller(7).instance(params)


def test_weight_and_bias_are_taken_off_in_any_posture():
    rng = np.random.default_rng(0)
    instance = sensor()
    for _ in range(20):
        q, wrench = rng.uniform(PANDA.q_min, PANDA.q_max), rng.normal(0, 10, 6)
        rotation = PANDA.forward(q)[1]
        weight = np.array([0.0, 0.0, -9.81 * MASS])
        felt = wrench + np.concatenate([weight, np.cross(rotation @ COM, weight)])
        instance.input["q"] = q
        instance.input["reading"] = np.kron(np.eye(2), rotation.T) @ felt + BIAS
        instance.step()
        assert np.allclose(instance.output["wrench"], wrench, atol=1e-12)
        assert instance.output["flags"] == 0


@pytest.mark.parametrize("name", ["q", "reading"])
@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e300])
def test_admittance_behind_it_holds_on_a_broken_reading(name, broken):
    law = series("felt", wrench_sensor, admittance)
    instance = law.controller(7).instance(law.params(PANDA, 500.0))
    instance.input["q"], instance.input["quaternion"] = PANDA.home, [0, 0, 0, 1]
    instance.input["reading"] = 5.0
    for _ in range(50):
        instance.step()
    before = instance.output["position"].copy()
    assert np.abs(before).max() > 1e-4
    instance.input[name][0, 2] = broken
    instance.step()
    assert (instance.output["position"] == before).all()
    assert instance.output["flags"] == FLAG_SENSOR
