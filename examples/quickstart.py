"""From an instruction to an arm driven by RISC-V firmware, through the Python API."""

import gymnasium as gym

import millhand  # noqa: F401  (registers the environments)
import policies
from drivers.emulator import Emulator
from policies.runner import Runner
from robots.controllers import limited_impedance

with Emulator(limited_impedance.controller(7), "virt-rv64") as board:
    env = gym.make(
        "millhand/KitTray-v0",
        obs_mode="vla",
        control_mode="joint_setpoints",
        control_hz=10,
        actuator=board,
    )
    result = Runner(policies.load("nano"), env).run_episode(seed=0)
    print(result.instruction, "->", "success" if result.success else "failed")
    print(f"{board.ticks} ticks on {board.board.name}, {board.ticks_differing} differing")
    env.close()
