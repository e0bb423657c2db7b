"""What tests of trees share: trees to try, random states, and Pinocchio's view of the same."""

import numpy as np

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

    def coriolis(self, q, v):
        matrix = self.pin.computeCoriolisMatrix(self.model, self.data, self.q(q), self.lift @ v)
        return self.lift.T @ matrix @ self.lift
