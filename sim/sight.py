"""How a world is seen: the part of `World` that reads visual shapes and draws, with PyBullet's
renderers or our own."""

from typing import Any

import numpy as np
import pybullet as bullet

from sim.errors import SimError
from sim.light import Light
from sim.raster.painter import Painter, planes
from sim.raster.troupe import Visual

# OpenGL's shadow map ends with a visible edge unless the light stands nearly overhead.
LIGHTS = {
    "fast": Light((0.4, 0.5, 1.6)),
    "tiny": Light((0.4, 0.5, 1.6)),
    "egl": Light((0.2, 0.1, 5.0)),
    "opengl": Light((0.2, 0.1, 5.0)),
}
KINDS = ("rgb", "depth", "segmentation", "links")
SHAPES = {
    bullet.GEOM_BOX: "box",
    bullet.GEOM_SPHERE: "sphere",
    bullet.GEOM_CYLINDER: "cylinder",
    bullet.GEOM_CAPSULE: "capsule",
    bullet.GEOM_PLANE: "plane",
    bullet.GEOM_MESH: "mesh",
}


class Sight:
    """Looks into one PyBullet client. `light` None is each renderer's own."""

    def __init__(self, client: int) -> None:
        self._client = client
        self.light: Light | None = None
        self.painter = Painter(self)
        self._drawn = False
        self._shapes: dict[int, list[tuple[int, tuple[float, ...]]]] = {}
        self._tints: dict[int, tuple[float, ...]] = {}
        self._judged: tuple[tuple[int, ...], bool] = ((), True)

    def look(
        self,
        engine: str,
        view: list[float],
        projection: list[float],
        width: int,
        height: int,
        kinds: tuple[str, ...],
        shadow: bool = False,
    ) -> dict[str, np.ndarray]:
        """Draw with an engine; see `World.look`."""
        for kind in kinds:
            if kind not in KINDS:
                raise SimError(f"unknown kind of image {kind!r}; choose from {', '.join(KINDS)}")
        if engine == "none":
            raise SimError("this world was made with renderer='none' and cannot draw")
        light = self.light or LIGHTS[engine]
        if engine == "fast" and shadow and kinds == ("rgb",):
            return {"rgb": self.painter.fine(view, projection, width, height, light)}
        if engine != "fast":
            return self._bullet(engine, view, projection, width, height, kinds, shadow, light)
        picture, troupe = self.painter.draw(view, projection, width, height, light)
        found = {}
        if "rgb" in kinds:
            found["rgb"] = picture.rgb
        if "depth" in kinds:
            with np.errstate(divide="ignore"):
                found["depth"] = np.float32(1.0) / picture.inverse
        if "segmentation" in kinds:
            found["segmentation"] = np.append(troupe.body, np.int32(-1))[picture.who]
        if "links" in kinds:
            found["links"] = np.append(troupe.link, np.int32(-2))[picture.who]
        return found

    def _bullet(
        self,
        engine: str,
        view: list[float],
        projection: list[float],
        width: int,
        height: int,
        kinds: tuple[str, ...],
        shadow: bool,
        light: Light,
    ) -> dict[str, np.ndarray]:
        """Draw with PyBullet's own renderers."""
        if engine == "egl" and not self._drawn:
            # EGL's first two images have no shadows, all later ones have.
            self._drawn = True
            for _ in range(2):
                self._bullet(engine, view, projection, 16, 16, kinds, shadow, light)
        masks = "segmentation" in kinds or "links" in kinds
        image: Any = bullet.getCameraImage(
            width,
            height,
            view,
            projection,
            lightDirection=light.direction,
            shadow=int(shadow),
            lightAmbientCoeff=light.ambient,
            lightDiffuseCoeff=light.diffuse,
            lightSpecularCoeff=light.specular,
            renderer=bullet.ER_TINY_RENDERER
            if engine == "tiny"
            else bullet.ER_BULLET_HARDWARE_OPENGL,
            flags=bullet.ER_SEGMENTATION_MASK_OBJECT_AND_LINKINDEX
            if masks
            else bullet.ER_NO_SEGMENTATION_MASK,
            physicsClientId=self._client,
        )
        found = {}
        if "rgb" in kinds:
            rgba = np.asarray(image[2], np.uint8).reshape(height, width, 4)
            found["rgb"] = rgba[:, :, :3].copy()
        if "depth" in kinds:
            near, far = planes(projection)
            share = np.asarray(image[3], np.float64).reshape(height, width)
            with np.errstate(divide="ignore"):
                found["depth"] = (near / (1.0 - (1.0 - near / far) * share)).astype(np.float32)
        if masks:
            code = np.asarray(image[4], np.int32).reshape(height, width)
            if "segmentation" in kinds:
                found["segmentation"] = np.where(code < 0, -1, code & 0xFFFFFF).astype(np.int32)
            if "links" in kinds:
                found["links"] = np.where(code < 0, -2, (code >> 24) - 1).astype(np.int32)
        return found

    def drawable(self) -> bool:
        """Say whether the fast renderer can draw every body."""
        bodies = self.bodies()
        if bodies != self._judged[0]:
            able = all(v.drawable for body in bodies for v in self.visuals(body))
            self._judged = (bodies, able)
        return self._judged[1]

    # -- colours

    def paint(self, body: int, link: int, colour: tuple[float, ...]) -> None:
        """Give all shapes of a body's link one colour, RGBA in 0..1; its tint stays on top."""
        shapes = self._own(body)
        which = [k for k, (place, _) in enumerate(shapes) if place == link]
        for k in which:
            shapes[k] = (link, colour)
        self._show(body, which)

    def tint(self, tints: dict[int, tuple[float, ...]]) -> None:
        """Multiply the colours of bodies by (3,), until the next call; others are as painted."""
        before, self._tints = self._tints, dict(tints)
        for body in sorted({*before, *tints}):
            if before.get(body) != tints.get(body):
                self._show(body, list(range(len(self._own(body)))))

    def _own(self, body: int) -> list[tuple[int, tuple[float, ...]]]:
        """Give link and colour, as painted, of each of a body's shapes."""
        if body not in self._shapes:
            self._shapes[body] = [(v.link, v.colour) for v in self.visuals(body)]
        return self._shapes[body]

    def _show(self, body: int, which: list[int]) -> None:
        """Tell the renderers the present colours of some of a body's shapes."""
        shapes, tint = self._own(body), self._tints.get(body, (1.0, 1.0, 1.0))
        shown = {}
        for k in which:
            link, colour = shapes[k]
            mixed = (min(c * t, 1.0) for c, t in zip(colour[:3], tint, strict=True))
            shown[k] = (*mixed, colour[3])
            bullet.changeVisualShape(
                body,
                link,
                shapeIndex=sum(place == link for place, _ in shapes[:k]),
                rgbaColor=shown[k],
                physicsClientId=self._client,
            )
        self.painter.repaint(body, shown)

    # -- what the painter asks

    def bodies(self) -> tuple[int, ...]:
        """Give the numbers of all bodies."""
        count = bullet.getNumBodies(physicsClientId=self._client)
        return tuple(bullet.getBodyUniqueId(k, physicsClientId=self._client) for k in range(count))

    def visuals(self, body: int) -> list[Visual]:
        """Give a body's visual shapes; the base's stand in the frame of its centre of mass."""
        c = self._client
        found = []
        inertial = bullet.getDynamicsInfo(body, -1, physicsClientId=c)[3:5]
        for shape in bullet.getVisualShapeData(body, physicsClientId=c):
            _, link, geometry, size, path, position, quaternion, colour = shape[:8]
            kind = SHAPES.get(geometry, "unknown")
            if link == -1:
                inverse = bullet.invertTransform(*inertial)
                position, quaternion = bullet.multiplyTransforms(*inverse, position, quaternion)
            local = np.empty((3, 4))
            local[:, :3] = np.reshape(bullet.getMatrixFromQuaternion(quaternion), (3, 3))
            local[:, 3] = position
            # Only of a mesh is it a path; of other shapes Bullet leaves whatever was in its memory.
            file = path.decode() if geometry == bullet.GEOM_MESH else ""
            found.append(Visual(link, kind, tuple(size), file, local, tuple(colour)))
        return found

    def frames(self, bodies: tuple[int, ...]) -> list[tuple[float, ...]]:
        """Give the pose (7,) of each body's centre of mass, then its link frames."""
        c = self._client
        found: list[tuple[float, ...]] = []
        for body in bodies:
            position, quaternion = bullet.getBasePositionAndOrientation(body, physicsClientId=c)
            found.append(position + quaternion)
            links = bullet.getNumJoints(body, physicsClientId=c)
            if links:
                states = bullet.getLinkStates(
                    body, list(range(links)), computeForwardKinematics=1, physicsClientId=c
                )
                found += [state[4] + state[5] for state in states]
        return found

    def rigid(self, body: int) -> bool:
        """Say whether a body neither falls nor has joints."""
        c = self._client
        joints = bullet.getNumJoints(body, physicsClientId=c)
        return not joints and bullet.getDynamicsInfo(body, -1, physicsClientId=c)[0] == 0.0
