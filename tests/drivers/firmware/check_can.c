#include "can.h"
#include "check.h"
#include "mmio.h"
#include "pci_ecam.h"

/* QEMU's hw/riscv/virt.c: VIRT_PCIE_ECAM, VIRT_PCIE_PIO; hw/net/can/can_kvaser_pci.c. */
#define ECAM 0x30000000u
#define PORTS 0x03000000u
#define VENDOR 0x10e8u
#define DEVICE 0x8406u
#define SJA1000_BAR 1u

static void tell(uintptr_t base)
{
    struct can_frame frame;
    uint32_t there = can_receive(base, &frame);
    report(there);
    if (!there)
        return;
    report(frame.id);
    report((uint32_t)frame.extended << 16 | (uint32_t)frame.remote << 8 | frame.size);
    for (uint32_t i = 0; i < 8; i += 4)
        report((uint32_t)frame.data[i] | (uint32_t)frame.data[i + 1] << 8 |
               (uint32_t)frame.data[i + 2] << 16 | (uint32_t)frame.data[i + 3] << 24);
}

void firmware_main(void)
{
    uintptr_t controllers[2];
    for (uint32_t i = 0; i < 2; i++) {
        uintptr_t config = pci_find(ECAM, VENDOR, DEVICE, i);
        if (!config)
            done(REPORT_CRASH);
        pci_set_port(config, SJA1000_BAR, 0x1000u + 0x100u * i);
        pci_enable_ports(config);
        controllers[i] = PORTS + 0x1000u + 0x100u * i;
    }
    report(pci_find(ECAM, VENDOR, DEVICE, 2) != 0);
    report(can_start(controllers[0], 0));
    report(can_start(controllers[0], 333333));
    report(can_start(controllers[0], 1000000));
    report(can_start(controllers[0], 500000));
    report(can_start(controllers[1], 125000));
    tell(controllers[1]);
    struct can_frame frame = {.id = 0x123, .size = 8, .data = {1, 2, 3, 4, 5, 6, 7, 8}};
    report(can_send(controllers[0], &frame));
    tell(controllers[1]);
    tell(controllers[0]); /* a controller does not hear itself */
    struct can_frame wide = {.id = 0x1abcdef5, .extended = 1, .size = 3, .data = {0xaa, 0, 0xff}};
    struct can_frame empty = {.id = 0x7ff};
    report(can_send(controllers[1], &wide));
    report(can_send(controllers[1], &empty));
    tell(controllers[0]);
    tell(controllers[0]);
    tell(controllers[0]);
    struct can_frame no_id = {.id = 0x800}, no_size = {.id = 1, .size = 9};
    report(can_send(controllers[0], &no_id));
    report(can_send(controllers[0], &no_size));
    tell(controllers[1]);
    done(REPORT_DONE);
}
