"""The C runtime's drivers, each against the peripheral that QEMU emulates."""

import ctypes

import bare
import host_c
import pytest

UNLEASHED = "hifive-unleashed"


def test_gpio_drives_each_pin_alone_and_reads_it_back(tmp_path):
    found = bare.run(tmp_path, UNLEASHED, "check_gpio", "gpio_sifive.c", count=31)
    for pin in range(10):
        assert found[3 * pin : 3 * pin + 3] == [0, 1 << pin, 0]
    assert found[30] == 0


def test_pwm_keeps_period_and_duty_and_stops_low(tmp_path):
    found = bare.run(tmp_path, UNLEASHED, "check_pwm", "pwm_sifive.c", count=13)
    (
        no_rate,
        too_fast,
        started,
        period,
        still,
        low,
        full,
        quarter,
        slow,
        scale,
        slow_period,
        off,
        high,
    ) = (  # noqa: E501
        found
    )
    assert (no_rate, too_fast, started) == (0, 0, 1)
    assert period == still == 500_000_000 // 20_000 - 1
    assert (low, full) == (0, 1000)
    assert 200 <= quarter <= 300
    assert slow == 1
    assert (slow_period + 1) << scale == pytest.approx(500_000_000 / 50, rel=1e-4)
    assert (off, high) == (0xFFFF, 0)


def test_spi_reads_the_flash_chips_name_and_what_was_written(tmp_path):
    found = bare.run(tmp_path, UNLEASHED, "check_spi", "spi_sifive.c", count=35)
    assert found[0] == 500_000_000 // (2 * 10_000_000) - 1
    assert found[1:4] == [0x9D, 0x70, 0x19]  # ISSI IS25WP256: JEDEC 9Dh, 70h, 19h
    assert found[4] & 1 == 0  # no write in progress
    assert found[5:] == [*range(0xA4, 0xC0), 0xFF, 0xFF]


@pytest.mark.parametrize("board", ["virt-rv64", "virt-rv32", "virt-rv32-soft"])
def test_can_frames_cross_the_bus_whole_and_in_order(tmp_path, board):
    extra = ["-object", "can-bus,id=can", "-device", "kvaser_pci,canbus=can",
             "-device", "kvaser_pci,canbus=can"]  # fmt: skip
    found = bare.run(
        tmp_path, board, "check_can", "can_sja1000.c", "pci_ecam.c", extra=extra, count=29
    )
    assert found[:6] == [0, 0, 0, 0, 1, 1]  # no third card; rates that there are not; two that are
    assert found[6] == 0
    assert found[7:13] == [1, 1, 0x123, 8, 0x04030201, 0x08070605]
    assert found[13] == 0
    assert found[14:16] == [1, 1]
    assert found[16:21] == [1, 0x1ABCDEF5, 0x010003, 0xFF00AA, 0]
    assert found[21:26] == [1, 0x7FF, 0, 0, 0]
    assert found[26] == 0
    assert found[27:29] == [0, 0]


def test_pl011_against_a_model_of_its_registers():
    """QEMU's RISC-V machines have none, so the driver is compiled for the host with a model."""
    config = "#define UART_BASE 0x1000u\n#define UART_CLOCK_HZ 48000000u\n"
    path = host_c.shared_library(
        "pl011", bare.FIRMWARE / "uart_pl011.c", host_c.HERE / "model_pl011.c",
        generated={"config.h": config}, flags=["-DMMIO_MODEL"],
    )  # fmt: skip
    c = ctypes.CDLL(str(path))
    word = ctypes.c_uint32
    word.in_dll(c, "model_busy").value = 3
    c.uart_start()
    assert word.in_dll(c, "model_busy").value == 0  # what was being sent went out first
    assert word.in_dll(c, "model_divisor").value == round(48e6 * 64 / (16 * 115200))
    for byte in b"ok\xff":
        assert c.uart_put(byte) == 1
    word.in_dll(c, "model_full").value = 1
    assert c.uart_put(7) == 0
    assert list((word * 64).in_dll(c, "model_sent"))[:4] == [*b"ok\xff", 0]
    assert c.uart_get() == -1
    queue = (word * 64).in_dll(c, "model_queue")
    queue[0], queue[1], queue[2] = 0x41, 0x142, 0xFF  # the second has a framing error
    word.in_dll(c, "model_queued").value = 3
    assert [c.uart_get() for _ in range(4)] == [0x41, -1, 0xFF, -1]


def test_designware_uart_against_a_model_of_its_registers():
    """The 16550's driver with registers 4 bytes apart, as Milk-V Duo and VisionFive 2 have it."""
    config = (
        "#define UART_BASE 0x4140000u\n#define UART_CLOCK_HZ 25000000u\n"
        "#define UART_REG_SHIFT 2u\n#define UART_REG_WIDTH 4u\n"
    )
    path = host_c.shared_library(
        "dw_apb", bare.FIRMWARE / "uart_ns16550a.c", host_c.HERE / "model_dw_apb.c",
        generated={"config.h": config}, flags=["-DMMIO_MODEL"],
    )  # fmt: skip
    c = ctypes.CDLL(str(path))
    word = ctypes.c_uint32
    queue = (word * 64).in_dll(c, "model_queue")
    word.in_dll(c, "model_queued").value = 2  # what came before we started is not ours
    c.uart_start()
    assert c.uart_get() == -1
    assert word.in_dll(c, "model_divisor").value == round(25e6 / (16 * 115200))
    assert word.in_dll(c, "model_line").value == 0x03  # 8 bits, no parity, 1 stop bit
    for byte in b"ok\xff":
        assert c.uart_put(byte) == 1
    word.in_dll(c, "model_full").value = 1
    assert c.uart_put(7) == 0
    assert list((word * 64).in_dll(c, "model_sent"))[:4] == [*b"ok\xff", 0]
    queue[2], queue[3] = 0x41, 0xFF
    word.in_dll(c, "model_queued").value = 4
    assert [c.uart_get() for _ in range(3)] == [0x41, 0xFF, -1]
    assert word.in_dll(c, "model_wrong").value == 0
