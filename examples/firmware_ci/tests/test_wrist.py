"""The wrist as firmware: on every board of --board, each tick compared with this machine."""

import math

import pytest
from wrist import encoder, servo

RATE_HZ = 1000
pytestmark = pytest.mark.firmware(controller=servo, rate_hz=RATE_HZ)


class Motor:
    """A motor with an encoder, as far as a servo can see: volts drive its speed, with a lag."""

    def __init__(self, board):
        self.board, self.angle, self.speed = board, 0.0, 0.0

    def __call__(self, tick):
        self.speed += (4.0 * self.board.output["volts"][0] - self.speed) * 50.0 / RATE_HZ
        self.angle += self.speed / RATE_HZ
        counts = math.floor(self.angle / encoder.RADIANS)
        return {"raw": counts % encoder.COUNTS}


def test_the_wrist_reaches_its_goal_over_more_than_a_turn(board):
    board.input["goal"] = 8.0
    board.expect("angle", 8.0, within=1500, tolerance=0.02, input=Motor(board))


@pytest.mark.parametrize("goal", [-3.0, 3.0])
def test_the_voltage_keeps_its_limit(board, goal):
    board.input["goal"] = goal
    board.expect_always("volts", lambda v: abs(v) <= 6.0, during=500, input=Motor(board))


def test_the_angle_goes_on_where_the_encoder_wraps(board):
    board.run(1, input={"raw": 4090})
    board.expect("angle", 4100 * encoder.RADIANS, within=1, input={"raw": 4})
    board.expect("angle", 4090 * encoder.RADIANS, within=1, input={"raw": 4090})


def test_a_broken_wire_turns_the_motor_off_within_one_tick_and_for_good(board):
    board.run(100, input={"goal": 2.0})
    assert board.output["volts"][0] == 6.0
    board.expect("fault", 1, within=1, input={"raw": 0xFFFF})
    board.expect_always("volts", 0.0, during=100, input={"raw": 0})


def test_the_firmware_keeps_its_budget(board):
    board.input["goal"] = 1.0
    board.run(500, input=Motor(board))
    floats = "d" in board.board.extensions
    board.assert_instructions_per_tick(max=250 if floats else 1500)
    board.assert_stack(max=512)
    board.assert_size(text=8 * 1024, ram=32 * 1024)


@pytest.mark.firmware(link=True)
def test_on_its_own_timer_it_does_the_same(board):
    board.run(200, input={"goal": 0.1, "raw": 100})
    assert board.ticks_differing == 0
