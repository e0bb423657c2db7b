"""Shadows for pictures that people look at: a depth map seen from a sun twenty metres away."""

import math

import numpy as np

from robots.kernel import kernel

MAP = 1024
SUN = 20.0
BIAS = 0.0015
# Share of the direct light that a shadow leaves.
LEFT = 0.45


def sun_matrix(view: list[float], direction: tuple[float, float, float]) -> np.ndarray:
    """Give the screen matrix (3, 4) of the shadow map for a camera's view and a light.

    The map is centred where the camera's axis meets z = 0, a metre ahead if it does not, and
    moves in whole texels, so that edges of shadows do not crawl when the camera does.
    """
    see = np.array(view).reshape(4, 4).T
    forward = -see[2, :3]
    eye = -(see[:3, :3] * see[:3, 3:]).sum(0)
    ahead = -eye[2] / forward[2] if forward[2] < -1e-6 else 1.0
    ahead = min(max(float(ahead), 0.2), 4.0)
    reach = 1.2 * ahead
    up = np.array(direction)
    side = np.array((up[1], -up[0], 0.0)) if abs(up[2]) < 0.999 else np.array((1.0, 0.0, 0.0))
    side = side / math.sqrt(float((side * side).sum()))
    over = np.cross(side, up)
    texel = 2 * reach / MAP
    centre = eye + ahead * forward
    rows = np.zeros((3, 4))
    rows[2, :3], rows[2, 3] = -up, SUN + (up * centre).sum()
    for k, axis in enumerate((side, over)):
        middle = math.floor((axis * centre).sum() / texel) * texel
        rows[k, :3] = axis * SUN / texel
        rows[k, 3] = -middle * SUN / texel
        rows[k] += MAP / 2 * rows[2]
    return rows


def onto(screen: np.ndarray, sun: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give g (3, 3) and h (3,): pixel (x, y) at distance w lies on the map at w g (x, y, 1) + h."""
    g = (sun[:, :3, None] * np.linalg.inv(screen[:, :3])[None]).sum(1)
    return g, sun[:, 3] - (g * screen[:, 3]).sum(1)


@kernel
def blend(
    inverse: np.ndarray,
    far: float,
    g: np.ndarray,
    h: np.ndarray,
    sun: np.ndarray,
    rgb: np.ndarray,
    dim: np.ndarray,
) -> None:
    """Take pixels of rgb (h, w, 3) towards `dim`, by the share of 3 x 3 texels of `sun` (the
    map's 1/w) that lie between them and the sun; `inverse` (2 h, 2 w) is the finer picture's.
    """
    height, width = rgb.shape[:2]
    size = sun.shape[0]
    for row in range(height):
        for column in range(width):
            y, x = 2 * row, 2 * column
            w = 1.0 / inverse[y, x]
            if w >= far * 0.9999:
                continue
            d = w * (g[2, 0] * x + g[2, 1] * y + g[2, 2]) + h[2]
            u = (w * (g[0, 0] * x + g[0, 1] * y + g[0, 2]) + h[0]) / d
            v = (w * (g[1, 0] * x + g[1, 1] * y + g[1, 2]) + h[1]) / d
            i, j = int(math.floor(u + 0.5)), int(math.floor(v + 0.5))
            if i < 2 or j < 2 or i >= size - 2 or j >= size - 2:
                continue
            limit = 1.0 / (d - BIAS)
            # The weights of the outer texels follow the point between them: no steps.
            fu, fv = u + 0.5 - i, v + 0.5 - j
            shaded = 0.0
            ends = 0
            for a in range(-1, 3, 3):
                for b in range(-1, 3, 3):
                    ends += sun[j + b, i + a] > limit
            if ends == 4:
                shaded = 9.0
            elif ends > 0:
                for a in range(-1, 3):
                    wa = 1 - fu if a == -1 else (fu if a == 2 else 1.0)
                    for b in range(-1, 3):
                        wb = 1 - fv if b == -1 else (fv if b == 2 else 1.0)
                        if sun[j + b, i + a] > limit:
                            shaded += wa * wb
            if shaded > 0.0:
                share = shaded / 9.0
                for k in range(3):
                    bright, dark = float(rgb[row, column, k]), float(dim[row, column, k])
                    rgb[row, column, k] = np.uint8(bright + share * (dark - bright))


@kernel
def halve(fine: np.ndarray) -> np.ndarray:
    """Average 2 x 2 pixels of a picture (2 h, 2 w, 3) into one."""
    height, width = fine.shape[0] // 2, fine.shape[1] // 2
    out = np.empty((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            for k in range(3):
                total = int(fine[2 * y, 2 * x, k]) + fine[2 * y, 2 * x + 1, k]
                total += int(fine[2 * y + 1, 2 * x, k]) + fine[2 * y + 1, 2 * x + 1, k]
                out[y, x, k] = np.uint8((total + 2) >> 2)
    return out
