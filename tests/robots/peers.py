"""What tests of trees share: trees to try, random states, and how two peers see the same."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pybullet

from robots.model import Link, RobotModel
from robots.reference import rotation_of, skew
from robots.tree import Tree

# Two branches at odd angles; a slide and a hinge that mimic, one by way of the other; a fixed
# joint with mass; nothing cancels by symmetry.
MIMICS = """<robot name="mimics">
<link name="base"><inertial><origin xyz="0.02 0.01 -0.03"/><mass value="2"/>
  <inertia ixx="0.5" iyy="0.4" izz="0.3" ixy="0.01" ixz="-0.02" iyz="0.03"/></inertial></link>
{links}
<joint name="a" type="revolute"><parent link="base"/><child link="l0"/>
  <origin xyz="0.1 0.2 0.3" rpy="0.3 -0.4 0.5"/><axis xyz="0.6 0 0.8"/>
  <limit lower="-1" upper="2" effort="9" velocity="8"/></joint>
<joint name="c" type="continuous"><parent link="l0"/><child link="l1"/>
  <origin xyz="0.2 -0.1 0.4" rpy="-0.7 0.2 0.1"/><axis xyz="0 1 0"/>
  <mimic joint="b" multiplier="-1.5" offset="0.2"/></joint>
<joint name="b" type="prismatic"><parent link="l1"/><child link="l2"/>
  <origin xyz="-0.1 0.3 0.2" rpy="0.2 0.9 -0.6"/><axis xyz="1 2 -0.5"/>
  <limit lower="-1" upper="1" effort="9" velocity="9"/>
  <mimic joint="a" multiplier="0.4" offset="-0.1"/></joint>
<joint name="rigid" type="fixed"><parent link="l0"/><child link="l3"/>
  <origin xyz="-0.2 0.1 0.2" rpy="1.2 -0.9 0.6"/></joint>
<joint name="d" type="prismatic"><parent link="l3"/><child link="l4"/>
  <origin xyz="0.1 0.1 0.2" rpy="0.4 0.1 -0.3"/><axis xyz="0 0 1"/>
  <limit lower="-1" upper="1" effort="9" velocity="9"/></joint>
</robot>""".format(
    links="".join(
        f"""<link name="l{i}"><inertial><origin xyz="0.05 -0.03 0.08" rpy="0.1 0.2 {i}"/>
        <mass value="{mass}"/><inertia ixx="0.3" iyy="0.2" izz="0.4" ixy="0.01" ixz="0.02"
        iyz="-0.03"/></inertial></link>"""
        for i, mass in enumerate((2.0, 1.5, 0.7, 0.4, 1.1))
    )
)


def random_urdf(seed: int) -> str:
    """Give a random tree of up to 10 joints of every kind, some of which mimic others."""
    rng = np.random.default_rng(seed)

    def text(values):
        return " ".join(str(value) for value in values)

    count = int(rng.integers(2, 11))
    parts, free = [f'<robot name="random{seed}">'], []
    for i in range(count + 1):
        # Moments of three masses on the axes: none exceeds the sum of the others.
        a, b, c = rng.uniform(0.01, 0.3, 3)
        inertia = f'ixx="{b + c}" iyy="{a + c}" izz="{a + b}" ixy="0" ixz="0" iyz="0"'
        # Bullet's gravity turns with the frame of the root's inertia: that one is left straight.
        turn = rng.uniform(-3, 3, 3) if i else np.zeros(3)
        parts.append(
            f'<link name="l{i}"><inertial><origin xyz="{text(rng.uniform(-0.2, 0.2, 3))}" '
            f'rpy="{text(turn)}"/><mass value="{rng.uniform(0.1, 3):.6f}"/>'
            f"<inertia {inertia}/></inertial></link>"
        )
    for i in range(1, count + 1):
        kinds = ("revolute", "continuous", "prismatic", "fixed")
        kind = kinds[0] if i == 1 else rng.choice(kinds)
        mimic = ""
        if kind != "fixed" and free and rng.uniform() < 0.25:
            ratio, offset = rng.uniform(-2, 2, 2)
            mimic = f'<mimic joint="{rng.choice(free)}" multiplier="{ratio}" offset="{offset}"/>'
        elif kind != "fixed":
            free.append(f"j{i}")
        axis = rng.normal(size=3)
        axis /= np.linalg.norm(axis)  # Bullet takes an axis as it is.
        parts.append(
            f'<joint name="j{i}" type="{kind}"><parent link="l{rng.integers(max(0, i - 3), i)}"/>'
            f'<child link="l{i}"/><origin xyz="{text(rng.uniform(-0.5, 0.5, 3))}" '
            f'rpy="{text(rng.uniform(-3, 3, 3))}"/><axis xyz="{text(axis)}"/>'
            f'<limit lower="-2" upper="2" effort="10" velocity="3"/>{mimic}</joint>'
        )
    return "".join([*parts, "</robot>"])


MASSLESS = """<inertial><mass value="0"/>
<inertia ixx="0" iyy="0" izz="0" ixy="0" ixz="0" iyz="0"/></inertial>"""


def plain(urdf: Path, out: Path) -> Path:
    """Write a URDF without its shapes and without what Bullet would make up; give its path.

    Bullet gives a link that states no inertia 1 kg and 1 kg m^2, and takes the inertia from one
    whose largest moment exceeds the sum of the others, which no solid's does: the first gets an
    explicit zero here, the second a ball's.
    """
    robot = ET.parse(urdf)
    for link in robot.getroot().findall("link"):
        for kind in ("visual", "collision"):
            for shape in link.findall(kind):
                link.remove(shape)
        tensor = link.find("inertial/inertia")
        if tensor is None:
            link.append(ET.fromstring(MASSLESS))
            continue
        xx, yy, zz, xy, xz, yz = (
            float(tensor.get(key, 0)) for key in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
        )
        moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        if moments[2] > moments[0] + moments[1]:
            for key in ("ixx", "iyy", "izz"):
                tensor.set(key, str(moments[2]))
            for key in ("ixy", "ixz", "iyz"):
                tensor.set(key, "0")
    robot.write(out)
    return out


def states(tree: Tree, count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Give random (q, v, a): joints within their limits, bases anywhere and turned at random."""
    rng = np.random.default_rng(seed)
    lower = np.maximum(tree.q_min, -np.pi)
    upper = np.minimum(tree.q_max, np.pi)
    found = []
    for _ in range(count):
        q = rng.uniform(lower, upper)
        if tree.floating:
            turn = rng.normal(size=4)
            q = np.concatenate([rng.uniform(-2, 2, 3), turn / np.linalg.norm(turn), q])
        found.append((q, rng.normal(0, 2, tree.nv), rng.normal(0, 5, tree.nv)))
    return found


def names_in_full(tree: Tree) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Give the joints of all bodies and G (b, n), c (b,): their values are G q + c."""
    spread = np.zeros((len(tree.bodies), tree.n))
    spread[np.arange(len(tree.bodies)), tree.dof] = tree.ratio
    return list(tree.bodies), spread, tree.offset


class Pinocchio:
    """A URDF in Pinocchio, states and results in the order of a tree's.

    Joints that the tree holds stay where its offsets have them: `held` by name. Joints that mimic
    are free in Pinocchio and tied together here, so its own handling of them is not relied on.
    """

    def __init__(self, pin, urdf, tree: Tree, held=None):
        self.pin, self.tree = pin, tree
        root = [pin.JointModelFreeFlyer()] if tree.floating else []
        full = pin.buildModelFromUrdf(str(urdf), *root)
        names, self.spread, self.offset = names_in_full(tree)
        still = pin.neutral(full)
        lock = []
        for joint, name in enumerate(full.names):
            if name in names or name in ("universe", "root_joint"):
                continue
            lock.append(joint)
            at, value = full.joints[joint].idx_q, (held or {}).get(name, 0.0)
            wraps = full.joints[joint].nq == 2
            still[at : at + full.joints[joint].nq] = (
                [np.cos(value), np.sin(value)] if wraps else value
            )
        self.model = pin.buildReducedModel(full, lock, still) if lock else full
        self.model.gravity.linear = np.array([0.0, 0.0, -9.81])
        self.data = self.model.createData()
        free = 6 if tree.floating else 0
        # Velocities of all joints in Pinocchio's order, from those of the tree.
        self.lift = np.zeros((self.model.nv, tree.nv))
        self.lift[:free, :free] = np.eye(free)
        self.places = []
        for i, name in enumerate(names):
            joint = self.model.joints[self.model.getJointId(name)]
            self.places.append((joint.idx_q, joint.nq))
            self.lift[joint.idx_v, free:] = self.spread[i]

    def q(self, q):
        out = self.pin.neutral(self.model)
        joints = q[7:] if self.tree.floating else q
        if self.tree.floating:
            out[:7] = q[:7]
        for (at, size), value in zip(self.places, self.spread @ joints + self.offset, strict=True):
            out[at : at + size] = [np.cos(value), np.sin(value)] if size == 2 else value
        return out

    def rnea(self, q, v, a):
        tau = self.pin.rnea(self.model, self.data, self.q(q), self.lift @ v, self.lift @ a)
        return self.lift.T @ tau

    def crba(self, q):
        mass = self.pin.crba(self.model, self.data, self.q(q))
        mass = np.triu(mass) + np.triu(mass, 1).T
        return self.lift.T @ mass @ self.lift

    def frame(self, q, name):
        """Give position, rotation and Jacobian of a link's frame."""
        pin, frame = self.pin, self.model.getFrameId(name, self.pin.FrameType.BODY)
        pin.computeJointJacobians(self.model, self.data, self.q(q))
        place = pin.updateFramePlacement(self.model, self.data, frame)
        jacobian = pin.getFrameJacobian(
            self.model, self.data, frame, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        )
        return place.translation.copy(), place.rotation.copy(), jacobian @ self.lift

    def jacobian_rate(self, q, v, name):
        pin, frame = self.pin, self.model.getFrameId(name, self.pin.FrameType.BODY)
        pin.computeJointJacobiansTimeVariation(self.model, self.data, self.q(q), self.lift @ v)
        pin.updateFramePlacement(self.model, self.data, frame)
        rate = pin.getFrameJacobianTimeVariation(
            self.model, self.data, frame, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED
        )
        return rate @ self.lift

    def centre_of_mass(self, q):
        return self.pin.centerOfMass(self.model, self.data, self.q(q)).copy()

    def centre_of_mass_jacobian(self, q):
        return self.pin.jacobianCenterOfMass(self.model, self.data, self.q(q)) @ self.lift

    def coriolis(self, q, v):
        matrix = self.pin.computeCoriolisMatrix(self.model, self.data, self.q(q), self.lift @ v)
        return self.lift.T @ matrix @ self.lift


class Bullet:
    """A URDF in PyBullet, its base fixed at the origin unless the tree floats, as a tree sees it.

    Values are in the order of the tree's. Joints that mimic are free in Bullet and tied together
    here; `held` as in `Pinocchio`.

    Bullet turns every inertia to its principal axes as it reads it, by rotations that stop at some
    1e-8 of it: `weighed` gives a model as Bullet then holds it. All else is the URDF's in double
    precision but for the links' own frames in the world, which pass through single; those of
    their inertias do not. A floating body's pose is that of its inertia's frame.
    """

    def __init__(self, urdf, tree: Tree, held=None):
        self.tree = tree
        self.client = pybullet.connect(pybullet.DIRECT)
        pybullet.setGravity(0, 0, -9.81, physicsClientId=self.client)
        self.body = pybullet.loadURDF(
            str(urdf),
            useFixedBase=not tree.floating,
            flags=pybullet.URDF_USE_INERTIA_FROM_FILE,
            physicsClientId=self.client,
        )
        infos = [
            pybullet.getJointInfo(self.body, i, physicsClientId=self.client)
            for i in range(pybullet.getNumJoints(self.body, physicsClientId=self.client))
        ]
        self.links = {info[12].decode(): info[0] for info in infos}
        movable = [info for info in infos if info[2] != pybullet.JOINT_FIXED]
        self.joints = [info[0] for info in movable]
        names, spread, offset = names_in_full(tree)
        self.spread, self.offset = np.zeros((len(movable), tree.n)), np.zeros(len(movable))
        for row, info in enumerate(movable):
            name = info[1].decode()
            if name in names:
                self.spread[row] = spread[names.index(name)]
                self.offset[row] = offset[names.index(name)]
            else:
                self.offset[row] = (held or {}).get(name, 0.0)
        self.base = self._inertial(-1)
        # The twist of the base's inertia, in its own frame, from that of the base in its own.
        self.lift = np.eye(tree.nv)
        if tree.floating:
            back = rotation_of(self.base[1]).T
            self.lift[:3, :3] = self.lift[3:6, 3:6] = back
            self.lift[:3, 3:6] = -back @ skew(self.base[0])

    def close(self):
        pybullet.disconnect(self.client)

    def _info(self, index):
        return pybullet.getDynamicsInfo(self.body, index, physicsClientId=self.client)

    def _inertial(self, index):
        """Give place and quaternion of an inertia's principal frame in its link's."""
        info = self._info(index)
        return np.array(info[3]), np.array(info[4])

    def weighed(self, model: RobotModel) -> RobotModel:
        """Give the model with the masses and inertias that Bullet holds; of a fixed base, none."""
        links = dict(model.links)
        indices = self.links | ({model.root: -1} if self.tree.floating else {})
        for name, index in indices.items():
            mass, _, moments = self._info(index)[:3]
            com, quaternion = self._inertial(index)
            turn = rotation_of(quaternion)
            links[name] = Link(name, mass, com, turn @ np.diag(moments) @ turn.T)
        return replace(model, links=links)

    def _full(self, q):
        joints = q[7:] if self.tree.floating else q
        return list(self.spread @ joints + self.offset)

    def _base_pose(self, q):
        turn = rotation_of(q[3:7])
        return q[:3] + turn @ self.base[0], turn @ rotation_of(self.base[1])

    def poses(self, q):
        """Give for every link but the root its place, rotation, and com's place."""
        for joint, value in zip(self.joints, self._full(q), strict=True):
            pybullet.resetJointState(self.body, joint, value, physicsClientId=self.client)
        if self.tree.floating:
            pybullet.resetBasePositionAndOrientation(
                self.body,
                self._base_pose(q)[0],
                quaternion_product(q[3:7], self.base[1]),
                physicsClientId=self.client,
            )
        states = pybullet.getLinkStates(
            self.body,
            list(self.links.values()),
            computeForwardKinematics=True,
            physicsClientId=self.client,
        )
        found = {}
        for (name, index), state in zip(self.links.items(), states, strict=True):
            turn = rotation_of(np.array(state[1])) @ rotation_of(self._inertial(index)[1]).T
            found[name] = (np.array(state[0]) - turn @ self._inertial(index)[0], turn, state[0])
        return found

    def mass(self):
        """Give the total mass of all links but a fixed root: Bullet takes it from that."""
        roots = [-1] if self.tree.floating else []
        return sum(self._info(i)[0] for i in [*roots, *self.links.values()])

    def jacobian(self, q, link):
        """Give the Jacobian (6, nv) of a link's frame; Bullet works it out for a base at home."""
        still = [0.0] * len(self.joints)
        found = pybullet.calculateJacobian(
            self.body,
            self.links[link],
            [0.0, 0.0, 0.0],
            self._full(q),
            still,
            still,
            physicsClientId=self.client,
        )
        whole = np.concatenate(found) @ self._columns()
        if not self.tree.floating:
            return whole
        turn = self._base_pose(q)[1]
        return np.concatenate([turn @ whole[:3], turn @ whole[3:]])

    def _columns(self):
        """Give what takes a tree's velocities to Bullet's: of a base, angular before linear."""
        if not self.tree.floating:
            return self.spread
        whole = np.zeros((6 + len(self.joints), self.tree.nv))
        whole[:6, :6], whole[6:, 6:] = np.eye(6)[[3, 4, 5, 0, 1, 2]], self.spread
        return whole @ self.lift

    def rnea(self, q, v, a):
        columns, base = self._columns(), []
        rates, pushes = columns @ v, columns @ a
        if self.tree.floating:
            # Bullet wants the acceleration of the base's origin, in the base's frame. And of its
            # quaternion it takes the angles about z, y, x and then turns by them about x, y, z:
            # it is given the one that leads it to the right turn.
            pushes[3:6] += np.cross(rates[:3], rates[3:6])
            place, turn = self._base_pose(q)
            angles = [
                np.arctan2(-turn[1, 2], turn[2, 2]),
                np.arcsin(turn[0, 2]),
                np.arctan2(-turn[0, 1], turn[0, 0]),
            ]
            base = [*place, *pybullet.getQuaternionFromEuler(angles)]
        tau = pybullet.calculateInverseDynamics(
            self.body,
            [*base, *self._full(q)],
            list(rates),
            list(pushes),
            physicsClientId=self.client,
        )
        if self.tree.floating:
            # What comes out has linear before angular.
            tau = [*tau[3:6], *tau[:3], *tau[6:]]
        return columns.T @ tau

    def crba(self, q):
        mass = pybullet.calculateMassMatrix(self.body, self._full(q), physicsClientId=self.client)
        columns = self._columns()
        return columns.T @ np.array(mass) @ columns


def quaternion_product(p, q):
    """Give the quaternion xyzw of the turn q followed by p."""
    vector = p[3] * q[:3] + q[3] * p[:3] + np.cross(p[:3], q[:3])
    return np.append(vector, p[3] * q[3] - p[:3] @ q[:3])
