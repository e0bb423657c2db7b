"""Meshes as the kernels want them, read once per file and kept."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from sim.errors import SimError
from sim.raster import shapes

NO_TEXTURE = np.zeros((0, 0, 3), np.uint8)
READABLE = (".obj", ".stl")


@dataclass(frozen=True)
class Mesh:
    """Triangles with a normal, and where there is a texture a place in it, at every corner.

    `vertices` (v, 3), `faces` (t, 3), unit `normals` (t, 3, 3), `places` (t, 3, 2) in turns of
    the texture (height, width, 3); `flat` (t,) says where a triangle's three normals are equal.
    `centre` and `radius` are a sphere around it all.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    places: np.ndarray
    texture: np.ndarray = field(default_factory=lambda: NO_TEXTURE)

    @classmethod
    def build(
        cls,
        vertices: np.ndarray,
        faces: np.ndarray,
        normals: np.ndarray | None = None,
        places: np.ndarray | None = None,
        texture: np.ndarray = NO_TEXTURE,
    ) -> "Mesh":
        """Make one; where a corner has no normal the triangle's own is used."""
        vertices = np.ascontiguousarray(vertices, np.float64)
        faces = np.ascontiguousarray(faces, np.int32)
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        own = np.repeat(np.cross(b - a, c - a)[:, None], 3, 1)
        given = np.zeros_like(own) if normals is None else np.array(normals, float)
        bare = ~(np.sum(given * given, 2) > 1e-20).all(1)
        given[bare] = own[bare]
        length = np.sqrt(np.sum(given * given, 2, keepdims=True))
        unit = np.divide(given, length, out=np.zeros_like(given), where=length > 0)
        if places is None:
            places = np.full((len(faces), 3, 2), 0.5)
        return cls(vertices, faces, unit, np.ascontiguousarray(places, np.float64), texture)

    @property
    def flat(self) -> np.ndarray:
        """Say which triangles, (t,), have three equal normals."""
        n: np.ndarray = self.normals
        return (n == n[:, :1]).all((1, 2))

    @property
    def sphere(self) -> tuple[float, float, float, float]:
        """Give a sphere around the mesh: centre and radius."""
        low, high = self.vertices.min(0), self.vertices.max(0)
        centre = (low + high) / 2
        reach = float(np.sqrt(np.sum((self.vertices - centre) ** 2, 1)).max())
        return float(centre[0]), float(centre[1]), float(centre[2]), reach


@lru_cache(maxsize=512)
def load(path: str, scale: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Mesh:
    """Read an .obj or binary .stl file. Raises SimError for others."""
    kind = Path(path).suffix.lower()
    if kind == ".obj":
        return _read_obj(Path(path), np.array(scale))
    if kind == ".stl":
        return _read_stl(Path(path), np.array(scale))
    raise SimError(f"cannot draw {path}: the fast renderer reads {', '.join(READABLE)}")


@lru_cache(maxsize=512)
def primitive(kind: str, size: tuple[float, ...]) -> Mesh:
    """Make a box (full size), cylinder or capsule (length, radius), sphere (radius) or plane."""
    if kind == "box":
        return Mesh.build(*shapes.box(size))
    if kind == "sphere":
        return Mesh.build(*shapes.sphere(size[0]))
    if kind == "cylinder":
        return Mesh.build(*shapes.cylinder(size[1], size[0]))
    if kind == "capsule":
        return Mesh.build(*shapes.capsule(size[1], size[0]))
    # The colours of the board that Bullet lays on its planes.
    board = np.full((2, 2, 3), 255, np.uint8)
    board[0, 0] = board[1, 1] = (173, 199, 255)
    vertices, faces, normals, places = shapes.plane()
    return Mesh.build(vertices, faces, normals, places, board)


def _read_obj(path: Path, scale: np.ndarray) -> Mesh:
    vertices: list[list[float]] = []
    normals: list[list[float]] = [[0.0, 0.0, 0.0]]
    places: list[list[float]] = [[0.5, 0.5]]
    corners: list[tuple[int, int, int]] = []
    texture = NO_TEXTURE
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key, *rest = line.split() or ("",)
            if key == "v":
                vertices.append([float(x) for x in rest[:3]])
            elif key == "vn":
                normals.append([float(x) for x in rest[:3]])
            elif key == "vt":
                places.append([float(x) for x in rest[:2]])
            elif key == "mtllib" and not texture.size:
                texture = _read_texture(path.parent / line.split(maxsplit=1)[1].strip())
            elif key == "f":
                found = [_corner(word, len(vertices), len(places), len(normals)) for word in rest]
                for k in range(1, len(found) - 1):
                    corners += [found[0], found[k], found[k + 1]]
    index = np.array(corners, np.int64).reshape(-1, 3, 3)
    return Mesh.build(
        np.array(vertices) * scale,
        index[:, :, 0],
        np.array(normals)[index[:, :, 2]],
        np.array(places)[index[:, :, 1]],
        texture,
    )


def _corner(word: str, vertices: int, places: int, normals: int) -> tuple[int, int, int]:
    """Read `v/vt/vn`: where in our lists; 0 in the last two stands for none."""
    given = [int(x) if x else 0 for x in word.split("/")] + [0, 0]
    v, t, n = given[:3]
    return (
        v - 1 if v > 0 else vertices + v,
        t if t >= 0 else places + t,
        n if n >= 0 else normals + n,
    )


def _read_texture(path: Path) -> np.ndarray:
    """Give the first diffuse texture that a material file names, top row first, or none."""
    if not path.is_file():
        return NO_TEXTURE
    for line in path.read_text(errors="replace").splitlines():
        words = line.split(maxsplit=1)
        if len(words) == 2 and words[0] == "map_Kd":
            image = path.parent / words[1].strip()
            if image.is_file():
                return np.asarray(Image.open(image).convert("RGB"), np.uint8)
    return NO_TEXTURE


def _read_stl(path: Path, scale: np.ndarray) -> Mesh:
    data = path.read_bytes()
    count = int.from_bytes(data[80:84], "little")
    if len(data) != 84 + 50 * count:
        raise SimError(f"cannot draw {path}: it is not a binary STL file")
    kind = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
    facets = np.frombuffer(data, kind, count, 84)
    vertices, index = np.unique(facets["corners"].reshape(-1, 3), axis=0, return_inverse=True)
    normals = np.repeat(facets["normal"][:, None], 3, 1)
    return Mesh.build(vertices * scale, index.reshape(-1, 3), normals)
