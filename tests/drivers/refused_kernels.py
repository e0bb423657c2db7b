"""Kernels that no board can run, each wrong in the line that is marked, and why."""

import math

import numpy as np
from driver_controllers import one

from robots.kernel import kernel


@kernel
def _allocates(params, state, input, output):
    output.y = np.zeros(3)[0] + input.x  # HERE allocates memory


@kernel
def _lists(params, state, input, output):
    values = [input.x, 1.0]  # HERE allocates memory
    output.y = values[0]


@kernel
def _raises(params, state, input, output):
    if input.x < 0.0:
        raise ValueError("negative")  # HERE raises ValueError
    output.y = input.x


@kernel
def _asserts(params, state, input, output):
    assert input.x > 0.0  # HERE raises AssertionError
    output.y = input.x


@kernel
def _steps(params, state, input, output):
    for k in range(0, 9, state.n):  # HERE raises ValueError
        output.y = k * input.x


@kernel
def _prints(params, state, input, output):
    output.y = input.x
    print(input.x)  # HERE prints


@kernel
def _evaluates(params, state, input, output):
    eval("1.0")  # HERE needs eval, a Python object
    output.y = input.x


@kernel
def _calls_libm(params, state, input, output):
    output.y = input.x
    output.y = math.sin(input.x)  # HERE calls sin


@kernel
def _powers(params, state, input, output):
    if input.x > 1.0:
        output.y = input.x**2.5  # HERE calls pow


@kernel
def _remainder(params, state, input, output):
    output.y = input.x % 3.0  # HERE calls fmod


@kernel
def _deeper(x):
    if x < 1.0:
        return x
    return _deeper(x - 1.0)  # HERE calls itself


@kernel
def _recurs(params, state, input, output):
    output.y = _deeper(input.x)


@kernel
def _hyperbolic(x):
    return math.cosh(x)  # HERE calls cosh


@kernel
def _calls_one_that_calls_libm(params, state, input, output):
    output.y = _hyperbolic(input.x)


@kernel
def _misnames(params, state, input, output):
    output.y = 1.0
    output.nothing = input.x  # HERE no field 'nothing'


@kernel
def _mistypes(params, state, input, output):
    output.y = (input.x, 2)  # HERE Cannot cast


@kernel
def _tries(params, state, input, output):
    try:
        output.y = 1.0 / input.x  # HERE tries and catches
    except ZeroDivisionError:
        output.y = 0.0


REFUSED = {
    kernel.__name__: one(kernel.__name__, kernel)
    for kernel in (
        _allocates, _lists, _raises, _asserts, _steps, _prints, _evaluates, _calls_libm, _powers,
        _remainder, _recurs, _calls_one_that_calls_libm, _misnames, _mistypes, _tries,
    )
}  # fmt: skip
PLACES = {"_recurs": "_deeper", "_calls_one_that_calls_libm": "_hyperbolic"}
"""Where the marked line is, if not in the kernel itself."""
