"""Another controller for the robot: it decides what moves, fits or is refused, alike anywhere."""

import numpy as np
import pytest
from rollouts import actions, bits, make, rollout, with_gaps

from robots import controllers
from robots.actuator import HostActuator
from robots.controllers import limited_impedance
from robots.controllers.series import series
from robots.errors import RobotError
from sim import native
from sim.errors import SimError
from sim.vec import VecFloor

LAW = """
import numpy as np
from robots.controllers.contract import Controller
from robots.kernel import kernel

def controller(n):
    vector = (np.float64, (n,))
    return Controller(
        name="stiff",
        params=np.dtype([("kp", *vector), ("kd", *vector)]),
        state=np.dtype([("unused", np.uint32)]),
        input=np.dtype([("q", *vector), ("dq", *vector), ("q_goal", *vector)]),
        output=np.dtype([("tau", *vector), ("flags", np.uint32)]),
        step=step,
    )

def params(robot, rate_hz):
    record = np.zeros(1, controller(len(robot.home)).params)
    record["kp"], record["kd"] = robot.kp, robot.kd
    return record

@kernel
def step(params, state, input, output):
    for i in range(len(input.q)):
        spring = params.kp[i] * (input.q_goal[i] - input.q[i])
        output.tau[i] = spring - params.kd[i] * input.dq[i]
    output.flags = np.uint32(32)
"""
FITTING = ("limited_impedance", "limited_computed_torque", "planned_impedance")
SPRINGLESS = LAW.replace('"kp"', '"k"').replace(".kp[", ".k[")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "stiff.py"
    path.write_text(LAW)
    return path


def play(task="KitTray", mode="ee_delta", steps=6, **options):
    env = make(task, control_mode=mode, **options)
    try:
        return rollout(env, actions(env, 2, steps))
    finally:
        env.close()


def test_the_law_decides_what_the_arm_does(file):
    usual = play()
    assert play(controller="limited_impedance") == usual
    assert play(controller=limited_impedance) == usual
    others = [play(controller=law) for law in ("limited_computed_torque", str(file))]
    assert usual[0] == others[0][0] == others[1][0]
    assert usual[1] != others[0][1] != others[1][1] != usual[1]
    assert all(flags == 32 for _, flags in others[1][1:])


@pytest.mark.skipif(native._table() is None, reason="PyBullet hides its clients' handles here")
@pytest.mark.parametrize(
    ("task", "mode", "law"),
    [
        ("KitTray", "ee_delta", "limited_computed_torque"),
        ("KitTray", "joint_setpoints", "limited_computed_torque"),
        ("KitTray", "ee_pose", "planned_impedance"),
        ("PegInsert", "joint_delta", "limited_computed_torque"),
        ("HandOver", "joint_position", "limited_computed_torque"),
        ("KitTray", "ee_delta", "file"),
    ],
)
def test_compiled_steps_give_the_bits_of_pybullets_functions(monkeypatch, file, task, mode, law):
    law = file if law == "file" else law
    compiled = make(task, control_mode=mode, controller=law)
    with monkeypatch.context() as patch:
        patch.setattr(native, "handle", lambda client: None)
        plain = make(task, control_mode=mode, controller=law)
    assert all(arm.compiled for arm in compiled.rig.arms)
    assert not any(arm.compiled for arm in plain.rig.arms)
    given = actions(compiled, 2, 6)
    if mode == "joint_setpoints":
        given = with_gaps(given)
    assert rollout(compiled, given) == rollout(plain, given)
    compiled.close()
    plain.close()


def test_a_law_that_does_not_fit_is_refused_with_the_fields_of_both_sides():
    for name in controllers.names():
        if name in FITTING:
            continue
        with pytest.raises(SimError, match=r"does not fit the panda"):
            make("KitTray", controller=name)
    says = (
        r"controller diff_ik .*: it needs q float64 \(7,\), position float64 \(3,\), .*; "
        r"the environment gives q float64 \(7,\), dq float64 \(7,\), q_goal float64 \(7,\)"
    )
    with pytest.raises(SimError, match=says):
        make("KitTray", controller="diff_ik")


def test_what_a_law_lacks_is_said_before_a_world_is_left_behind(file, monkeypatch):
    file.write_text(LAW.replace('("flags", np.uint32)', '("flags", np.int64)'))
    with pytest.raises(
        SimError, match=r"it gives tau .*, flags int64; .* takes tau .*flags uint32"
    ):
        make("KitTray", controller=file)
    file.write_text(LAW.replace("params.kp", "params.kq"))
    with pytest.raises(RobotError, match="kernel stiff cannot be compiled"):
        make("KitTray", controller=file)
    with pytest.raises(RobotError, match="no_such.py: No such file"):
        make("KitTray", controller="no_such.py")
    with pytest.raises(RobotError, match="did you mean 'limited_impedance'"):
        make("KitTray", controller="limited_impedence")


def test_a_kernel_that_raises_stops_the_step_compiled_or_traced(file):
    file.write_text(
        LAW.replace("    for i", "    if input.q[0] < 9.0:\n        raise ValueError\n    for i")
    )
    for trace in (False, True):
        env = make("KitTray", controller=file, trace=trace)
        env.reset(seed=0)
        with pytest.raises(RobotError, match="kernel of stiff raised"):
            env.step(np.zeros(7, np.float32))
        env.close()


def test_stiffness_scales_every_spring_of_a_law(file):
    env = make("KitTray", controller="planned_impedance", stiffness=4.0)
    usual = controllers.for_robot("planned_impedance", env.robot, env.tick_hz)[1]
    assert np.array_equal(
        env.rig.params["arm"]["impedance"]["kp"], 4.0 * usual["arm"]["impedance"]["kp"]
    )
    assert np.array_equal(
        env.rig.params["arm"]["impedance"]["kd"], 2.0 * usual["arm"]["impedance"]["kd"]
    )
    env.close()
    assert play(controller=file) != play(controller=file, stiffness=0.3)
    file.write_text(SPRINGLESS)
    with pytest.raises(SimError, match="stiff has no kp and kd that stiffness 0.3 could scale"):
        make("PegInsert", controller=file)
    make("PegInsert", controller=file, stiffness=1).close()


def test_the_actuator_has_to_run_the_same_law(file):
    law = controllers.controller_for(file, make("KitTray").robot)
    assert play(controller=file, actuator=HostActuator(law)) == play(controller=file)
    with pytest.raises(SimError, match="the actuator runs 'stiff'; .* needs 'limited_impedance'"):
        make("KitTray", actuator=HostActuator(law))


def test_a_trace_has_the_goal_where_a_law_has_no_reference(file):
    env = make("KitTray", controller=file, trace=True)
    assert rollout(env, actions(env, 2, 3)) == play(controller=file, steps=3)
    trace = env.trace
    assert len(trace["q_ref"]) == len(trace["tau"]) == 3 * env.ticks
    assert np.array_equal(trace["q_ref"][-1], env.rig.goals[0, -1])
    env.close()


def test_a_state_is_of_its_law(file):
    env, other = make("KitTray", controller=file), make("KitTray")
    env.reset(seed=1)
    env.step(np.full(7, 0.3, np.float32))
    state = env.get_state()
    env.step(np.full(7, -0.3, np.float32))
    env.set_state(state)
    with pytest.raises(SimError, match="of controller 'stiff_.*'; the environment has .* default"):
        other.set_state(state)
    env.close()
    other.close()


def test_many_environments_in_processes_give_the_bits_of_a_single_one(file):
    for law in ("limited_computed_torque", controllers.load(file)):
        floor = VecFloor("KitTray", num_envs=3, workers=2, controller=law)
        single = make("KitTray", controller=law)
        try:
            observation, _ = floor.reset(seed=10)
            acts = actions(floor, 0, 3)
            found = [[bits({k: v[i] for k, v in observation.items()})] for i in range(3)]
            for action in acts:
                observation, rewards, *_ = floor.step(action)
                for i in range(3):
                    row = {k: v[i] for k, v in observation.items()}
                    found[i].append(bits(row, rewards[i]))
            for i in range(3):
                alone = [bits(single.reset(seed=10 + i)[0])]
                for action in acts:
                    observation, reward, *_ = single.step(action[i])
                    alone.append(bits(observation, reward))
                assert alone == found[i]
        finally:
            floor.close()
            single.close()
    with pytest.raises(RobotError, match="no name that another process could load"):
        VecFloor("KitTray", num_envs=2, workers=1, controller=series("mine", limited_impedance))


@pytest.mark.parametrize(
    ("task", "mode", "usual", "other"),
    [
        ("DeliverTote", "velocity", "diff_drive", "limited_impedance"),
        ("Inspect", "velocity", "gait", "leg_impedance"),
    ],
)
def test_other_robots_take_laws_that_fit_them(task, mode, usual, other):
    assert play(task, mode, controller=usual) == play(task, mode)
    with pytest.raises(SimError, match="does not fit the"):
        make(task, controller=other)
