"""The elementary functions are right to 2 ulp everywhere, and touch no libm."""

import math

import mpmath
import numba
import numpy as np
import pytest

from robots import maths

BOUND_ULP = 2.0
HARD = [6381956970095103.0 * 2.0**797, 1.6e6, 1.5999e6, 1e22, 2.0**20, math.pi, math.pi / 2]


def error_ulp(got, want):
    """Give how many units in the last place `got` is away from an mpmath number."""
    if not math.isfinite(float(want)) or float(want) == 0:
        return 0.0 if got == float(want) else math.inf
    return float(abs(mpmath.mpf(float(got)) - want) / mpmath.mpf(math.ulp(float(want))))


def worst(function, exact, points, precision):
    with mpmath.workprec(precision):
        errors = [error_ulp(function(float(x)), exact(mpmath.mpf(float(x)))) for x in points]
    return max(errors)


def spread(rng, low, high, n):
    """Give numbers of both signs whose exponents are spread evenly."""
    return rng.choice([-1, 1], n) * 10.0 ** rng.uniform(low, high, n)


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_sine_and_cosine_over_the_whole_range(name):
    rng = np.random.default_rng(1)
    near_multiples = rng.integers(1, 10**6, 300) * (math.pi / 2)
    points = np.concatenate(
        [rng.uniform(-10, 10, 800), spread(rng, -300, 308, 800), near_multiples, HARD]
    )
    assert worst(getattr(maths, name), getattr(mpmath, name), points, 1400) <= BOUND_ULP


@pytest.mark.parametrize("name", ["exp", "tanh", "atan"])
def test_exp_tanh_and_atan_over_the_whole_range(name):
    rng = np.random.default_rng(2)
    points = {
        "exp": np.concatenate([rng.uniform(-745.1, 709.7, 1500), rng.uniform(-745, -700, 300)]),
        "tanh": np.concatenate([rng.uniform(-25, 25, 800), rng.uniform(-1.3, 1.3, 1500)]),
        "atan": np.concatenate([rng.uniform(-5, 5, 1500), spread(rng, -300, 300, 500)]),
    }[name]
    assert worst(getattr(maths, name), getattr(mpmath, name), points, 300) <= BOUND_ULP


def test_atan2_in_all_quadrants():
    rng = np.random.default_rng(3)
    with mpmath.workprec(300):
        for y, x in spread(rng, -20, 20, 4000).reshape(-1, 2):
            exact = mpmath.atan2(mpmath.mpf(y), mpmath.mpf(x))
            assert error_ulp(maths.atan2(y, x), exact) <= BOUND_ULP


def test_atan2_of_zeros_and_infinities_is_as_in_c():
    values = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf]
    for y in values:
        for x in values:
            got, want = maths.atan2(y, x), math.atan2(y, x)
            assert got == want and math.copysign(1, got) == math.copysign(1, want), (y, x)


def test_the_bound_can_fail():
    assert (
        error_ulp(math.nextafter(math.nextafter(math.nextafter(1.0, 2), 2), 2), mpmath.mpf(1)) > 2
    )


def test_cbrt_over_the_whole_range_with_subnormals_is_right_to_its_own_bound():
    rng = np.random.default_rng(5)
    bits = rng.integers(1, 0x7FF0000000000000, 4000, dtype=np.uint64)
    bits[:500] %= 2**52
    points = np.concatenate([bits.view(np.float64), -rng.uniform(1, 8, 2000), [5e-324, 1e308]])
    with mpmath.workprec(300):
        for x in points:
            exact = math.copysign(1, x) * mpmath.cbrt(mpmath.mpf(abs(float(x))))
            assert error_ulp(maths.cbrt(float(x)), exact) <= 0.7


def test_cbrt_of_cubes_zeros_and_infinities():
    for k in range(1, 2000):
        assert maths.cbrt(float(k**3)) == k and maths.cbrt(-float(k**3)) == -k
    for x in (0.0, -0.0, math.inf, -math.inf):
        assert maths.cbrt(x) == x and math.copysign(1, maths.cbrt(x)) == math.copysign(1, x)


@pytest.mark.parametrize("name", ["sin", "cos", "exp", "tanh", "atan", "sqrt", "cbrt"])
def test_every_nan_is_the_canonical_one(name):
    function = getattr(maths, name)
    quiet = np.array([math.nan, -math.nan])
    quiet.view(np.uint64)[:] = [0xFFF8000000000123, 0x7FF8000000000456]
    inputs = [*quiet.tolist(), *([math.inf, -math.inf] if name in ("sin", "cos") else [])]
    inputs += [-1.0] if name == "sqrt" else []
    for x in inputs:
        assert np.float64(function(x)).view(np.uint64) == 0x7FF8000000000000


@pytest.mark.parametrize("name", ["sin", "tanh", "atan", "sqrt", "cbrt"])
def test_minus_zero_stays_minus_zero(name):
    assert math.copysign(1, getattr(maths, name)(-0.0)) == -1.0


def test_sincos_is_sin_and_cos_and_lies_on_the_circle():
    for x in np.random.default_rng(4).uniform(-1e6, 1e6, 500):
        s, c = maths.sincos(x)
        assert (s, c) == (maths.sin(x), maths.cos(x))
        assert abs(s * s + c * c - 1) < 5e-16


@pytest.mark.parametrize("name", ["sincos", "exp", "tanh", "atan2", "cbrt"])
def test_compiled_code_calls_no_libm(name):
    # Compiled anew: what comes out of the disk cache has no text to look at.
    function = numba.njit(error_model="numpy")(getattr(maths, name).py_func)
    function(*([0.5] * (2 if name == "atan2" else 1)))
    text = "".join(function.inspect_llvm().values())
    assert "fadd" in text or "fmul" in text
    calls = [
        line.split("@")[1].split("(")[0]
        for line in text.splitlines()
        if " call " in line and "@" in line
    ]
    libm = {"sin", "cos", "exp", "tanh", "floor", "round", "fma", "atan2", "atan", "cbrt"}
    assert not set(calls) & libm
    assert not any(f"@llvm.{word}." in text for word in libm)
