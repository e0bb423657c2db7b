"""Small controllers to the contract, made to exercise what a compiler could get wrong."""

import math

import numpy as np

from robots.controllers.contract import Controller
from robots.kernel import kernel

BOARDS = ("virt-rv64", "virt-rv32", "virt-rv32-soft")
N = 3


@kernel
def _clamp(x, low, high):
    return low if x < low else high if x > high else x


@kernel
def _pd(params, state, input, output):
    total = np.int64(0)
    for i in range(N):
        error = input.goal[i] - input.q[i]
        state.integral[i] = _clamp(state.integral[i] + error * params.dt, -1.0, 1.0)
        tau = params.kp[i] * error - params.kd * input.dq[i] + params.ki * state.integral[i]
        output.tau[i] = _clamp(tau, -params.tau_max, params.tau_max)
        if output.tau[i] != tau:
            state.saturated[i] += 1
        state.half.single = np.float32(output.tau[i]) * np.float32(0.1) + state.half.single
        total += np.int64(output.tau[i] * 1000.0) // np.int64(7)
    state.ticks += np.uint64(1)
    state.half.small = np.int16(state.ticks % np.uint64(30000))
    output.total = total
    output.flags = np.uint8(1) if state.saturated[0] else np.uint8(0)


def _pd_dtypes(align):
    vector = (np.float64, (N,))
    half = np.dtype([("small", np.int16), ("single", np.float32)], align=align)
    return dict(
        params=np.dtype(
            [("kp", *vector), ("kd", np.float64), ("ki", np.float64), ("tau_max", np.float64),
             ("dt", np.float64)], align=align
        ),
        state=np.dtype(
            [("saturated", np.uint16, (N,)), ("integral", *vector), ("half", half),
             ("ticks", np.uint64)], align=align
        ),
        input=np.dtype([("q", *vector), ("dq", *vector), ("goal", *vector)], align=align),
        output=np.dtype([("flags", np.uint8), ("tau", *vector), ("total", np.int64)], align=align),
    )  # fmt: skip


def pd_params(controller):
    params = np.zeros(1, controller.params)
    params["kp"] = [80.0, 40.0, 7.3]
    params["kd"], params["ki"], params["tau_max"], params["dt"] = 1.7, 0.3, 30.0, 1e-3
    return params


_ONE = dict(
    params=np.dtype([("k", np.float64)]),
    state=np.dtype([("n", np.uint32)]),
    input=np.dtype([("x", np.float64)]),
    output=np.dtype([("y", np.float64)]),
)


def one(name, step):
    """A controller with one number in and one out."""
    return Controller(name=name, step=step, **_ONE)


@kernel
def _scale(params, state, input, output):
    state.n += 1
    output.y = params.k * input.x


@kernel
def _sine(params, state, input, output):
    output.y = math.sin(input.x)


@kernel
def _allocating(params, state, input, output):
    scratch = np.zeros(int(params.k) + 4)
    scratch[0] = input.x
    output.y = scratch.sum()


@kernel
def _raising(params, state, input, output):
    state.n += 1
    if state.n == 3:
        raise ValueError("three")
    output.y = input.x
