"""Sine and cosine of a whole vector, without a branch.

The count n of quarter turns is rounded by adding and taking away 1.5 * 2^52 (2^23), whose last
bits then are n; n pi/2 is taken off in three parts whose products with n are exact (Cody and
Waite 1980); polynomials serve on [-pi/4, pi/4]; the last two bits of n swap and negate.

Accuracy: float64 within 2 ulp of 1, that is 4.5e-16 absolute, up to 1e6 rad; float32 within
1.2e-7 absolute up to 1e4 rad. Infinities and NaN give NaN.

Sources: the float64 coefficients are fdlibm's (Sun Microsystems 1993), those of float32 are
Cephes' sinf and cosf (Moshier); both published with their packages.
"""

from dataclasses import dataclass
from typing import Any

from llvmlite import ir

CONTRACT = ("contract",)


@dataclass(frozen=True)
class _Numbers:
    bits: int
    magic: float
    halves: tuple[float, float, float]
    sine: tuple[float, ...]
    cosine: tuple[float, ...]


DOUBLE = _Numbers(
    64,
    1.5 * 2.0**52,
    (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21),
    (
        1.58969099521155010221e-10,
        -2.50507602534068634195e-08,
        2.75573137070700676789e-06,
        -1.98412698298579493134e-04,
        8.33333333332248946124e-03,
        -1.66666666666666324348e-01,
    ),
    (
        -1.13596475577881948265e-11,
        2.08757232129817482790e-09,
        -2.75573143513906633035e-07,
        2.48015872894767294178e-05,
        -1.38888888888741095749e-03,
        4.16666666666666019037e-02,
    ),
)
SINGLE = _Numbers(
    32,
    1.5 * 2.0**23,
    (1.5703125, 4.837512969970703125e-4, 7.549789948768648e-8),
    (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1),
    (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2),
)


def flops(double: bool) -> int:
    """Give the products and sums that a sine and its cosine take."""
    numbers = DOUBLE if double else SINGLE
    return 18 + 2 * (len(numbers.sine) + len(numbers.cosine) - 2)


def sincos(builder: Any, x: Any) -> tuple[Any, Any]:
    """Emit the sine and the cosine of a vector of float64 or float32."""
    vector = x.type
    numbers = DOUBLE if vector.element == ir.DoubleType() else SINGLE
    integer = ir.VectorType(ir.IntType(numbers.bits), vector.count)

    def floats(value: float) -> Any:
        return ir.Constant(vector, [value] * vector.count)

    def whole(value: int) -> Any:
        return ir.Constant(integer, [value] * vector.count)

    def add(a: Any, b: Any) -> Any:
        return builder.fadd(a, b, flags=CONTRACT)

    def multiply(a: Any, b: Any) -> Any:
        return builder.fmul(a, b, flags=CONTRACT)

    def polynomial(z: Any, coefficients: tuple[float, ...]) -> Any:
        total = floats(coefficients[0])
        for coefficient in coefficients[1:]:
            total = add(multiply(total, z), floats(coefficient))
        return total

    shifted = add(multiply(x, floats(0.6366197723675814)), floats(numbers.magic))
    count = builder.fsub(shifted, floats(numbers.magic))
    r = x
    for part in numbers.halves:
        r = builder.fsub(r, multiply(count, floats(part)), flags=CONTRACT)
    z = multiply(r, r)
    sine = add(r, multiply(multiply(r, z), polynomial(z, numbers.sine)))
    tail = multiply(multiply(z, z), polynomial(z, numbers.cosine))
    cosine = add(add(floats(1.0), multiply(z, floats(-0.5))), tail)
    quarter = builder.bitcast(shifted, integer)
    odd = builder.icmp_signed("!=", builder.and_(quarter, whole(1)), whole(0))
    two, top = whole(2), whole(numbers.bits - 2)
    flip_sine = builder.shl(builder.and_(quarter, two), top)
    flip_cosine = builder.shl(builder.and_(builder.add(quarter, whole(1)), two), top)

    def signed(value: Any, flip: Any) -> Any:
        return builder.bitcast(builder.xor(builder.bitcast(value, integer), flip), vector)

    return (
        signed(builder.select(odd, cosine, sine), flip_sine),
        signed(builder.select(odd, sine, cosine), flip_cosine),
    )
