"""Models read from URDF, and the errors of those that cannot be."""

import numpy as np
import pytest

from robots import catalogue
from robots.errors import ModelError, RobotError
from robots.model import RobotModel

LINK = (
    '<link name="{}"><inertial><mass value="{}"/>'
    '<inertia ixx="{}" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial></link>'
)


def urdf(tmp_path, joint="revolute", limit='lower="-1" upper="1"', mass=1, ixx=0.1, more=""):
    path = tmp_path / "robot.urdf"
    path.write_text(
        f'<robot name="r">{LINK.format("base", 1, 0.1)}{LINK.format("arm", mass, ixx)}'
        f'<joint name="hinge" type="{joint}"><parent link="base"/><child link="arm"/>'
        f'<axis xyz="0 0 2"/><limit {limit} effort="5" velocity="2"/></joint>{more}</robot>'
    )
    return path


def test_panda_has_seven_arm_joints_and_two_fingers():
    model = catalogue.load("panda").model
    assert [joint.kind for joint in model.movable].count("revolute") == 7
    assert [joint.kind for joint in model.movable].count("prismatic") == 2
    chain = model.chain("panda_grasptarget")
    assert len(chain.joints) == 7
    assert chain.mass[-1] > model.links["panda_link7"].mass  # the hand rides on the last joint


def test_axis_is_made_a_unit_vector_and_limits_are_read(tmp_path):
    joint = RobotModel.from_urdf(urdf(tmp_path)).movable[0]
    assert np.allclose(joint.axis, [0, 0, 1])
    assert (joint.lower, joint.upper, joint.velocity, joint.effort) == (-1, 1, 2, 5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"joint": "fixed"}, "no movable joint"),
        ({"joint": "ball"}, "type 'ball'.*revolute"),
        ({"limit": 'lower="2" upper="1"'}, "'hinge'.*lower limit 2.0 above"),
        ({"limit": 'lower="a" upper="1"'}, "'hinge' lower: 'a'"),
        ({"limit": 'lower="nan" upper="1"'}, "finite"),
        ({"mass": 0}, "link 'arm' moves but has mass 0"),
        ({"mass": -1}, "link 'arm' has negative mass"),
        ({"ixx": 0}, "link 'arm'"),
        ({"more": LINK.format("loose", 1, 0.1)}, "one root link.*loose"),
        (
            {"more": '<joint name="j" type="fixed"><parent link="arm"/><child link="x"/></joint>'},
            "link 'x'",
        ),
        (
            {
                "more": '<joint name="j" type="fixed"><parent link="arm"/>'
                '<child link="arm"/></joint>'
            },
            "two parent joints",
        ),
    ],
)
def test_nonsense_is_refused_by_name(tmp_path, change, says):
    with pytest.raises(ModelError, match=says) as caught:
        RobotModel.from_urdf(urdf(tmp_path, **change))
    assert "robot.urdf" in str(caught.value)


def test_unreadable_files_are_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        RobotModel.from_urdf(tmp_path / "none.urdf")
    broken = tmp_path / "broken.urdf"
    broken.write_text("<robot><link")
    with pytest.raises(ModelError, match="not valid XML"):
        RobotModel.from_urdf(broken)
    broken.write_text("<scene/>")
    with pytest.raises(ModelError, match="<scene>"):
        RobotModel.from_urdf(broken)


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(RobotError, match="did you mean 'panda'"):
        catalogue.load("pandora")
    with pytest.raises(ModelError, match="no link 'hand'"):
        catalogue.load("panda").model.chain("hand")


def test_a_chain_may_start_at_any_link_that_carries_the_tip():
    model = catalogue.load("panda").model
    whole, part = model.chain("panda_link7"), model.chain("panda_link7", base="panda_link4")
    assert [joint.name for joint in part.joints] == [f"panda_joint{i}" for i in (5, 6, 7)]
    assert np.array_equal(part.mass, whole.mass[4:])
    with pytest.raises(ModelError, match="'panda_link7' does not carry link 'panda_link2'"):
        model.chain("panda_link2", base="panda_link7")
    with pytest.raises(ModelError, match="no movable joint on the way"):
        model.chain("panda_hand", base="panda_link7")
    with pytest.raises(ModelError, match="no movable joint on the way"):
        model.chain("panda_link0")
