"""Small systems are solved, and what is not quite positive gives no NaN."""

import numpy as np
import pytest

from robots import linear


@pytest.mark.parametrize("m", [1, 2, 6, 7])
def test_it_solves_and_gives_the_root_of_the_determinant(m):
    rng = np.random.default_rng(m)
    for _ in range(20):
        root = rng.normal(size=(m, m))
        matrix = root @ root.T + 0.1 * np.eye(m)
        want = rng.normal(size=m)
        factor, x = matrix.copy(), matrix @ want
        assert np.isclose(linear.cholesky(factor), np.sqrt(np.linalg.det(matrix)))
        assert np.allclose(np.tril(factor), np.linalg.cholesky(matrix))
        linear.solve(factor, x)
        assert np.allclose(x, want)
        half = want.copy()
        linear.solve_lower(factor, half)
        assert np.allclose(np.tril(factor) @ half, want)


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), -np.eye(3), np.ones((3, 3))])
def test_a_matrix_that_is_not_positive_gives_numbers(matrix):
    factor, x = matrix.copy(), np.ones(3)
    assert linear.cholesky(factor) >= 0.0
    linear.solve(factor, x)
    assert np.isfinite(factor).all() and np.isfinite(x).all()
