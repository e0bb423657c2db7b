"""Elementary functions that give the same bits on every machine.

float64 kernels made of + - * / and sqrt, comparisons and integer operations only, so that
x86-64, rv64gc and soft-float rv32 round alike; a libm's own functions differ in the last bit.
Within 2 ulp over the whole range. Every NaN that comes out is the canonical quiet NaN,
0x7FF8000000000000, whatever went in.

Sources: the polynomial coefficients of sin, cos, exp and atan are those published with
fdlibm (Sun Microsystems, 1993), tanh's rational one is from Cephes (Moshier); the reduction
of huge arguments is Payne and Hanek's, "Radian reduction for trigonometric functions", 1983.
"""

import math
from typing import Any

import numpy as np

from robots.kernel import kernel

__all__ = ["atan", "atan2", "canonical", "cbrt", "cos", "exp", "sin", "sincos", "sqrt", "tanh"]

NAN = float("nan")
INF = float("inf")
TWO_OVER_PI = 0.6366197723675814
# pi/2 in four parts; the first three have 33 bits, so that times a 20-bit count is exact.
PIO2_1 = 1.5707963267341256
PIO2_2 = 6.077100506303966e-11
PIO2_3 = 2.0222662487111665e-21
PIO2_4 = 8.4784276603689e-32
PIO2 = 1.5707963267948966
PIO2_LOW = 6.123233995736766e-17
PI_LOW = 1.2246467991473532e-16
MEDIUM = 1.6e6

# The binary digits of 2/pi after the point, after one word of zeros.
DIGITS = np.array(
    [
        0x0,
        0xA2F9836E4E441529,
        0xFC2757D1F534DDC0,
        0xDB6295993C439041,
        0xFE5163ABDEBBC561,
        0xB7246E3A424DD2E0,
        0x06492EEA09D1921C,
        0xFE1DEB1CB129A73E,
        0xE88235F52EBB4484,
        0xE99C7026B45F7E41,
        0x3991D639835339F4,
        0x9C845F8BBDF9283B,
        0x1FF897FFDE05980F,
        0xEF2F118B5A0A6D1F,
        0x6D367ECF27CB09B7,
        0x4F463F669E5FEA2D,
        0x7527BAC7EBE5F17B,
        0x3D0739F78A5292EA,
        0x6BFB5FB11F8D5D08,
        0x56033046FC7B6BAB,
    ],
    np.uint64,
)
LOW32 = np.uint64(0xFFFFFFFF)
U0, U1, U32, U52, U63, U64 = (np.uint64(k) for k in (0, 1, 32, 52, 63, 64))
FRACTION = np.uint64((1 << 52) - 1)
HIDDEN = np.uint64(1 << 52)
ONE = np.uint64(1023 << 52)
HIGH26 = np.uint64((1 << 64) - (1 << 27))
EXPONENT = np.uint64(0x7FF)
TWO_32, TWO_M32 = 2.0**32, 2.0**-32


@kernel
def bits_of(x):  # type: ignore[no-untyped-def]
    """Give the 64 bits of a float64 as a uint64."""
    return np.float64(x).view(np.uint64)


@kernel
def float_of(bits):  # type: ignore[no-untyped-def]
    """Give the float64 that has the given 64 bits, a uint64."""
    return np.uint64(bits).view(np.float64)


@kernel
def canonical(x: float) -> float:
    """Give x, or the canonical quiet NaN for any NaN."""
    return NAN if x != x else x


@kernel
def sqrt(x: float) -> float:
    """Square root, correctly rounded; canonical NaN below zero, -0 for -0."""
    if x != x or x < 0.0:
        return NAN
    return math.sqrt(x)


@kernel
def cbrt(x: float) -> float:
    """Cube root, within 0.7 ulp; signed zeros and infinities stay what they are.

    A polynomial (Chebyshev fit over [1, 2), error 1.7e-6) and one step of Halley's iteration.
    """
    if x != x:
        return NAN
    size = -x if x < 0.0 else x
    if size == 0.0 or size == INF:
        return x
    shift = 0
    if size < 2.2250738585072014e-308:
        size = size * 18014398509481984.0
        shift = -18
    bits = bits_of(size)
    # 3 * 400 keeps the exponent positive, so that division rounds down.
    exponent = np.int64(bits >> U52) - 1023 + 1200
    third = exponent // 3
    rest = exponent - 3 * third
    m = float_of((bits & FRACTION) | ONE)
    t = 0.47514693623890253 + m * (
        0.8317431442479309
        + m
        * (
            -0.4602977267696209
            + m * (0.19665479701360078 + m * (-0.04831832068166114 + m * 0.005072953325277491))
        )
    )
    if rest == 1:
        m, t = 2.0 * m, t * 1.2599210498948732
    elif rest == 2:
        m, t = 4.0 * m, t * 1.5874010519681996
    # With 26 bits its square is exact, and what is left of the error is the last steps' rounding.
    t = float_of(bits_of(t) & HIGH26)
    r = m / (t * t)
    t = t + t * ((r - t) / ((t + t) + r))
    t = t * float_of(np.uint64(third - 400 + shift + 1023) << U52)
    return -t if x < 0.0 else t


@kernel
def _two_sum(a: float, b: float) -> tuple[float, float]:
    """Give a + b and its rounding error (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@kernel
def _two_product(a: float, b: float) -> tuple[float, float]:
    """Give a * b and its rounding error (Dekker; no fused multiply-add)."""
    p = a * b
    t = 134217729.0 * a
    a_high = t - (t - a)
    a_low = a - a_high
    t = 134217729.0 * b
    b_high = t - (t - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


@kernel
def _window(start: int, word: int) -> np.uint64:
    """Give 64 digits of 2/pi, the `word`-th lot from digit `start` on."""
    place = start + 64 + 64 * word
    index = place >> 6
    shift = np.uint64(place & 63)
    high = DIGITS[index] << shift
    if shift == U0:
        return high
    low = U0
    if index + 1 < 20:
        low = DIGITS[index + 1] >> (U64 - shift)
    return high | low


@kernel
def _reduce_huge(x: float) -> tuple[Any, float, float]:
    """Payne-Hanek: |x| >= 2**20 to quadrant and remainder high + low."""
    bits = bits_of(x)
    m = (bits & FRACTION) | HIDDEN
    e = np.int64((bits >> U52) & EXPONENT) - 1075
    m_low, m_high = m & LOW32, m >> U32
    # m times 192 digits, modulo 2**192, by schoolbook multiplication in 32-bit limbs.
    top, middle, carry, previous = U0, U0, U0, U0
    for k in range(6):
        word = _window(e - 2, 2 - k // 2)
        limb = word & LOW32 if k % 2 == 0 else word >> U32
        low = limb * m_low + carry + (previous & LOW32)
        high = limb * m_high + (low >> U32) + (previous >> U32)
        # `low` is this limb's final value; `high` carries into the next.
        digit = low & LOW32
        carry, previous = U0, high
        if k == 2:
            middle = digit
        elif k == 3:
            middle = middle | (digit << U32)
        elif k == 4:
            top = digit
        elif k == 5:
            top = top | (digit << U32)
    quadrant = np.int64(top >> np.uint64(62))
    top = (top << np.uint64(2)) | (middle >> np.uint64(62))
    middle = middle << np.uint64(2)
    negative = (top >> U63) == U1
    if negative:
        quadrant += 1
        top = ~top
        middle = ~middle
    f0, f1 = _two_sum(float(top >> U32) * TWO_M32, float(top & LOW32) * TWO_M32 * TWO_M32)
    tail = (float(middle >> U32) + float(middle & LOW32) * TWO_M32) * (TWO_M32 * TWO_M32 * TWO_M32)
    f0, f2 = _two_sum(f0, tail)
    f1 = f1 + f2
    r, error = _two_product(f0, PIO2)
    low_part = error + (f0 * PIO2_LOW + f1 * PIO2)
    high_part = r + low_part
    low_part = low_part - (high_part - r)
    if negative:
        high_part, low_part = -high_part, -low_part
    if x < 0.0:
        quadrant, high_part, low_part = -quadrant, -high_part, -low_part
    return quadrant & 3, high_part, low_part


@kernel
def _reduce(x: float) -> tuple[int, float, float]:
    """Give quadrant 0..3 and remainder high + low in about [-pi/4, pi/4] of a finite x."""
    if -0.7853981633974483 <= x <= 0.7853981633974483:
        return 0, x, 0.0
    if not (-MEDIUM < x < MEDIUM):
        return _reduce_huge(x)
    count = int(x * TWO_OVER_PI + (0.5 if x > 0.0 else -0.5))
    n = float(count)
    high, low = _two_sum(x - n * PIO2_1, -n * PIO2_2)
    high, error = _two_sum(high, -n * PIO2_3)
    low = (low + error) - n * PIO2_4
    r = high + low
    return count & 3, r, low - (r - high)


@kernel
def _sin_kernel(x: float, low: float) -> float:
    """sin(x + low) for |x| <= pi/4."""
    z = x * x
    r = 8.33333333332248946124e-03 + z * (
        -1.98412698298579493134e-04
        + z
        * (
            2.75573137070700676789e-06
            + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)
        )
    )
    cube = z * x
    return x - ((z * (0.5 * low - cube * r) - low) - cube * -1.66666666666666324348e-01)


@kernel
def _cos_kernel(x: float, low: float) -> float:
    """cos(x + low) for |x| <= pi/4."""
    z = x * x
    r = z * (
        4.16666666666666019037e-02
        + z
        * (
            -1.38888888888741095749e-03
            + z
            * (
                2.48015872894767294178e-05
                + z
                * (
                    -2.75573143513906633035e-07
                    + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)
                )
            )
        )
    )
    half = 0.5 * z
    w = 1.0 - half
    return w + (((1.0 - w) - half) + (z * r - x * low))


@kernel
def sincos(x: float) -> tuple[float, float]:
    """Sine and cosine of x, radians; canonical NaN for NaN and infinities."""
    if not (-INF < x < INF):
        return NAN, NAN
    quadrant, high, low = _reduce(x)
    s = _sin_kernel(high, low)
    c = _cos_kernel(high, low)
    if x == 0.0:
        s = x
    if quadrant == 0:
        return s, c
    if quadrant == 1:
        return c, -s
    if quadrant == 2:
        return -s, -c
    return -c, s


@kernel
def sin(x: float) -> float:
    """Sine of x, radians; canonical NaN for NaN and infinities, -0 for -0."""
    return sincos(x)[0]


@kernel
def cos(x: float) -> float:
    """Cosine of x, radians; canonical NaN for NaN and infinities."""
    return sincos(x)[1]


@kernel
def exp(x: float) -> float:
    """Exponential of x; inf above 709.78, denormals down to -745.13, then 0."""
    if x != x:
        return NAN
    if x > 709.782712893384:
        return INF
    if x < -745.1332191019412:
        return 0.0
    k = int(x * 1.4426950408889634 + (0.5 if x > 0.0 else -0.5))
    n = float(k)
    high = x - n * 0.6931471803691238
    low = n * 1.9082149292705877e-10
    r = high - low
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    y = 1.0 - ((low - (r * c) / (2.0 - c)) - high)
    if k < -1000:
        return (y * float_of(np.uint64(k + 600 + 1023) << U52)) * 2.0**-600
    if k > 1000:
        return (y * float_of(np.uint64(k - 600 + 1023) << U52)) * 2.0**600
    return y * float_of(np.uint64(k + 1023) << U52)


@kernel
def tanh(x: float) -> float:
    """Hyperbolic tangent; -0 for -0."""
    if x != x:
        return NAN
    size = -x if x < 0.0 else x
    if size < 1e-9:
        return x
    if size < 0.625:
        z = x * x
        top = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z
        top = top - 1.61468768441708447952e3
        bottom = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z
        bottom = bottom + 4.84406305325125486048e3
        return x + x * (z * (top / bottom))
    y = 1.0 if size > 22.0 else 1.0 - 2.0 / (exp(2.0 * size) + 1.0)
    return -y if x < 0.0 else y


@kernel
def _atan_positive(x: float) -> float:
    """Arc tangent of x >= 0."""
    if x > 1e18:
        return PIO2
    high, low, t = 0.0, 0.0, x
    if x >= 2.4375:
        high, low, t = PIO2, PIO2_LOW, -1.0 / x
    elif x >= 1.1875:
        high, low = 9.82793723247329054082e-01, 1.39033110312309984516e-17
        t = (x - 1.5) / (1.0 + 1.5 * x)
    elif x >= 0.6875:
        high, low = 7.85398163397448278999e-01, 3.06161699786838301793e-17
        t = (x - 1.0) / (x + 1.0)
    elif x >= 0.4375:
        high, low = 4.63647609000806093515e-01, 2.26987774529616870924e-17
        t = (2.0 * x - 1.0) / (2.0 + x)
    elif x < 1e-9:
        return x
    z = t * t
    w = z * z
    odd = z * (
        3.33333333333329318027e-01
        + w
        * (
            1.42857142725034663711e-01
            + w
            * (
                9.09088713343650656196e-02
                + w
                * (
                    6.66107313738753120669e-02
                    + w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)
                )
            )
        )
    )
    even = w * (
        -1.99999999998764832476e-01
        + w
        * (
            -1.11111104054623557880e-01
            + w
            * (
                -7.69187620504482999495e-02
                + w * (-5.83357013379057348645e-02 + w * -3.65315727442169155270e-02)
            )
        )
    )
    return high - ((t * (odd + even) - low) - t)


@kernel
def atan(x: float) -> float:
    """Arc tangent, radians; -0 for -0."""
    if x != x:
        return NAN
    if x == 0.0:
        return x
    return -_atan_positive(-x) if x < 0.0 else _atan_positive(x)


@kernel
def atan2(y: float, x: float) -> float:
    """Angle of the point (x, y), radians in [-pi, pi]; signed zeros and infinities as in C."""
    if x != x or y != y:
        return NAN
    y_negative = (bits_of(y) >> U63) == U1
    x_negative = (bits_of(x) >> U63) == U1
    height = -y if y_negative else y
    width = -x if x_negative else x
    if height == 0.0:
        angle = 2.0 * PIO2 if x_negative else 0.0
    elif width == 0.0:
        angle = PIO2
    elif width == INF:
        angle = 0.25 * 2.0 * PIO2 if height == INF else 0.0
        if x_negative:
            angle = 1.5 * PIO2 if height == INF else 2.0 * PIO2
    elif height == INF:
        angle = PIO2
    else:
        angle = _atan_positive(height / width)
        if x_negative:
            angle = 2.0 * PIO2 - (angle - PI_LOW)
    return -angle if y_negative else angle
