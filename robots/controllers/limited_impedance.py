"""The arm's controller: limiter, joint impedance, then torque and torque-rate limits.

A goal (n,) goes in, a torque (n,) comes out, and nothing on the way can leave the limits.
"""

from functools import lru_cache

import numpy as np

from robots.catalogue import Robot
from robots.controllers import joint_impedance, limiter
from robots.controllers.contract import Controller
from robots.kernel import kernel


@lru_cache
def controller(n: int) -> Controller:
    """Give limited impedance control for n joints."""
    vector = (np.float64, (n,))
    inner, outer = joint_impedance.controller(n), limiter.controller(n)
    return Controller(
        name="limited_impedance",
        params=np.dtype(
            [
                ("limiter", outer.params),
                ("impedance", inner.params),
                ("tau_max", *vector),
                ("dtau_max", *vector),
            ],
            align=True,
        ),
        state=np.dtype(
            [
                ("limiter", outer.state),
                ("impedance", inner.state),
                ("limiter_in", outer.input),
                ("limiter_out", outer.output),
                ("impedance_in", inner.input),
                ("impedance_out", inner.output),
                ("tau", *vector),
                ("started", np.uint32),
            ],
            align=True,
        ),
        input=np.dtype([("q", *vector), ("dq", *vector), ("q_goal", *vector)], align=True),
        output=np.dtype(
            [("tau", *vector), ("q_ref", *vector), ("dq_ref", *vector), ("flags", np.uint32)],
            align=True,
        ),
        step=step,
        steps=steps,
    )


def params(robot: Robot, rate_hz: float) -> np.ndarray:
    """Give the parameters, shape (1,), for a robot controlled at `rate_hz`."""
    record = np.zeros(1, controller(len(robot.home)).params)
    record["limiter"] = limiter.params(robot, rate_hz)
    record["impedance"] = joint_impedance.params(robot, rate_hz)
    record["tau_max"], record["dtau_max"] = robot.tau_max, robot.dtau_max
    return record


@kernel
def step(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick; see the module."""
    n = len(params.tau_max)
    for i in range(n):
        state.limiter_in.q[i] = input.q[i]
        state.limiter_in.q_goal[i] = input.q_goal[i]
    limiter.step(params.limiter, state.limiter, state.limiter_in, state.limiter_out)
    for i in range(n):
        state.impedance_in.q[i] = input.q[i]
        state.impedance_in.dq[i] = input.dq[i]
        state.impedance_in.q_ref[i] = state.limiter_out.q_ref[i]
        state.impedance_in.dq_ref[i] = state.limiter_out.dq_ref[i]
    joint_impedance.step(params.impedance, state.impedance, state.impedance_in, state.impedance_out)
    flags = state.limiter_out.flags | state.impedance_out.flags
    for i in range(n):
        wanted = state.impedance_out.tau[i]
        # The first tick takes up the whole load at once: there is no torque before it.
        reach = params.dtau_max[i] * params.limiter.dt
        tau = wanted
        if state.started != 0:
            tau = min(max(tau, state.tau[i] - reach), state.tau[i] + reach)
        tau = min(max(tau, -params.tau_max[i]), params.tau_max[i])
        if tau != wanted:
            flags |= np.uint32(16)
        state.tau[i] = tau
        output.tau[i] = tau
        output.q_ref[i] = state.limiter_out.q_ref[i]
        output.dq_ref[i] = state.limiter_out.dq_ref[i]
    state.started = np.uint32(1)
    output.flags = flags


@kernel
def steps(params, state, input, output):  # type: ignore[no-untyped-def]
    """One tick of every row."""
    for k in range(len(params)):
        step(params[k], state[k], input[k], output[k])
