"""The firmware's message handling, compiled for the host with sanitizers, under random frames."""

import subprocess

import host_c
import pytest
import trouble

from drivers.guard import output_header
from drivers.toolchain.header import mailbox_header
from drivers.toolchain.link import FIRMWARE
from drivers.toolchain.protocol_header import protocol_header

CONFIG = """
extern unsigned char fuzz_mailbox[];
#define MAILBOX_BASE fuzz_mailbox
#define TIMER_HZ 10000000u
#define BOARD_COUNTS_INSTRUCTIONS 0
#define CONTROLLER_NAME "trouble"
#define BOARD_NAME "fuzzed"
"""


@pytest.fixture(scope="module")
def program():
    hostlink = ("hostlink.c", "hostlink_send.c", "hostlink_answers.c", "hostlink_acts.c")
    sources = (*hostlink, "frame.c", "state.c", "guard.c", "sha256.c")
    generated = {
        "config.h": CONFIG,
        "mailbox.h": mailbox_header(trouble.controller),
        "output.h": output_header(trouble.controller),
        "protocol.h": protocol_header(),
    }
    return host_c.program(
        "fuzz_hostlink", host_c.HERE / "fuzz_hostlink.c", *(FIRMWARE / name for name in sources),
        generated=generated,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_no_frame_breaks_the_host_link_or_moves_what_may_not_move(program, seed):
    done = subprocess.run([program, str(seed), "20000"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    answered, running = (int(word) for word in done.stdout.split() if word.isdigit())
    assert answered > 2000 and running > 100
