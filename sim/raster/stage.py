"""What the kernels read: every mesh in one set of arrays, and the instances that stand there."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.raster.meshes import Mesh


class Geometry(NamedTuple):
    """Meshes end to end. `vertex_at`, `face_at` (m + 1,) say where each begins."""

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    places: np.ndarray
    flat: np.ndarray
    spheres: np.ndarray
    vertex_at: np.ndarray
    face_at: np.ndarray
    texels: np.ndarray
    texture_at: np.ndarray


class Cast(NamedTuple):
    """Instances (n,): a mesh on a frame, at a pose (n, 3, 4) in it, with colour and pattern.

    `point_at`, `triangle_at` (n + 1,) say where each one's screen points and triangle numbers
    begin, `owner` which instance a triangle number belongs to. `patterns` (n, 6): kind, cell in
    metres, strength, and a phase (3,).
    """

    mesh: np.ndarray
    frame: np.ndarray
    local: np.ndarray
    colours: np.ndarray
    patterns: np.ndarray
    point_at: np.ndarray
    triangle_at: np.ndarray
    owner: np.ndarray


def pack(meshes: Sequence[Mesh]) -> Geometry:
    """Lay meshes end to end."""
    texture_at = np.zeros((len(meshes), 3), np.int64)
    texels: list[np.ndarray] = [np.zeros(0, np.uint8)]
    used = 0
    for k, mesh in enumerate(meshes):
        height, width = mesh.texture.shape[:2]
        texture_at[k] = (used, height, width)
        texels.append(mesh.texture.ravel())
        used += mesh.texture.size
    return Geometry(
        np.concatenate([m.vertices for m in meshes]),
        np.concatenate([m.faces for m in meshes]),
        np.concatenate([m.normals for m in meshes]),
        np.concatenate([m.places for m in meshes]),
        np.concatenate([m.flat for m in meshes]),
        np.array([m.sphere for m in meshes]),
        starts([len(m.vertices) for m in meshes]),
        starts([len(m.faces) for m in meshes]),
        np.concatenate(texels),
        texture_at,
    )


def cast(
    meshes: Sequence[Mesh], which: Sequence[int], frames: Sequence[int], local: np.ndarray
) -> Cast:
    """Put instance i of mesh `which[i]` on frame `frames[i]` at local[i] (3, 4), in white."""
    faces = [len(meshes[k].faces) for k in which]
    count = len(which)
    return Cast(
        np.array(which, np.int64),
        np.array(frames, np.int64),
        np.ascontiguousarray(local, np.float64),
        np.full((count, 3), 255.0),
        np.zeros((count, 6)),
        starts([len(meshes[k].vertices) for k in which]),
        starts(faces),
        np.repeat(np.arange(count, dtype=np.int32), faces),
    )


def starts(lengths: list[int]) -> np.ndarray:
    """Give where each of several stretches begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
