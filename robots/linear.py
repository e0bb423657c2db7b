"""Small symmetric systems, solved in place by kernels that also run on a board."""

from robots.kernel import kernel
from robots.maths import sqrt

FLOOR = 1e-12
"""The least pivot: a matrix that is not quite positive is factored as one that is."""


@kernel
def cholesky(a):  # type: ignore[no-untyped-def]
    """Factor a (m, m), symmetric, into its lower triangle; give the product of the diagonal.

    That product is the square root of the determinant. Pivots are at least FLOOR, so that no
    input whatever gives a NaN. What is above the diagonal stays as it was.
    """
    product = 1.0
    for i in range(len(a)):
        for j in range(i):
            total = a[i, j]
            for k in range(j):
                total -= a[i, k] * a[j, k]
            a[i, j] = total / a[j, j]
        total = a[i, i]
        for k in range(i):
            total -= a[i, k] * a[i, k]
        a[i, i] = sqrt(max(total, FLOOR))
        product *= a[i, i]
    return product


@kernel
def solve_lower(a, b):  # type: ignore[no-untyped-def]
    """Solve L x = b in place for b (m,), with the L that `cholesky` left in a."""
    for i in range(len(b)):
        total = b[i]
        for k in range(i):
            total -= a[i, k] * b[k]
        b[i] = total / a[i, i]


@kernel
def solve(a, b):  # type: ignore[no-untyped-def]
    """Solve L L^T x = b in place for b (m,), with the L that `cholesky` left in a."""
    solve_lower(a, b)
    m = len(b)
    for k in range(m):
        i = m - 1 - k
        total = b[i]
        for j in range(i + 1, m):
            total -= a[j, i] * b[j]
        b[i] = total / a[i, i]
