"""Read a vendor's meshes, make them light, and write them with normals that look right."""

import struct
from pathlib import Path

import fast_simplification
import numpy as np

CREASE = np.cos(np.radians(35))


def read_stl(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Give vertices (n, 3) and triangles (m, 3) of a binary STL file."""
    raw = path.read_bytes()
    (count,) = struct.unpack_from("<I", raw, 80)
    layout = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("spare", "<u2")])
    corners = np.frombuffer(raw, layout, count, 84)["corners"].reshape(-1, 3)
    return corners.astype(float), np.arange(3 * count).reshape(-1, 3)


def read_obj(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Give vertices (n, 3) and triangles (m, 3) of an OBJ file, its materials left out."""
    vertices, triangles = [], []
    for line in path.read_text().splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif word == "f":
            corners = [int(corner.split("/")[0]) - 1 for corner in rest]
            triangles += [[corners[0], *corners[k : k + 2]] for k in range(1, len(corners) - 1)]
    return np.array(vertices), np.array(triangles)


def simplify(
    vertices: np.ndarray, triangles: np.ndarray, wanted: int, aggression: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """Give a mesh of about `wanted` triangles (quadric error metric).

    Less `aggression`, up from 0, keeps the shape better and takes longer.
    """
    # Shared corners are stored once a surface; merging them lets the simplifier close gaps.
    rounded, index = np.unique(np.round(vertices, 5), axis=0, return_inverse=True)
    used, faces = np.unique(index.reshape(-1)[triangles], return_inverse=True)
    faces = faces.reshape(-1, 3)
    points, faces = fast_simplification.simplify(
        rounded[used].astype(np.float32),
        faces.astype(np.int32),
        target_reduction=1 - min(1.0, wanted / len(faces)),
        agg=aggression,
    )
    return points, faces


def write_obj(path: Path, vertices: np.ndarray, triangles: np.ndarray) -> None:
    """Write a mesh with normals that are smooth except across creases."""
    sides = vertices[triangles]
    flat = np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
    unit = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    around: list[list[int]] = [[] for _ in vertices]
    for index, triangle in enumerate(triangles):
        for corner in triangle:
            around[corner].append(index)
    lines = [f"v {x:.5f} {y:.5f} {z:.5f}" for x, y, z in vertices]
    normals, faces = [], []
    for index, triangle in enumerate(triangles):
        face = []
        for corner in triangle:
            near = [k for k in around[corner] if unit[k] @ unit[index] > CREASE]
            normal = flat[near].sum(axis=0)
            normal = normal / max(np.linalg.norm(normal), 1e-12)
            normals.append("vn {:.3f} {:.3f} {:.3f}".format(*normal))
            face.append(f"{corner + 1}//{len(normals)}")
        faces.append("f " + " ".join(face))
    path.write_text("\n".join(lines + normals + faces) + "\n")


def copy_obj(source: Path, target: Path) -> None:
    """Copy an OBJ file without its material lines."""
    lines = source.read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("mtllib", "usemtl"))]
    target.write_text("\n".join(kept) + "\n")
