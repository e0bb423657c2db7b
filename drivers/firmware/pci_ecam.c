/* PCI configuration space, memory-mapped (PCI Express base specification, section 7.2.2, ECAM):
 * 4 KiB a function, 8 functions a device, 32 devices a bus. */
#include "pci_ecam.h"
#include "mmio.h"

#define COMMAND 0x04u
#define BAR0 0x10u
#define COMMAND_PORTS 1u
#define BAR_IS_PORT 1u
#define DEVICES 32u

uintptr_t pci_find(uintptr_t ecam, uint32_t vendor, uint32_t device, uint32_t number)
{
    for (uint32_t slot = 0; slot < DEVICES; slot++) {
        uintptr_t config = ecam + ((uintptr_t)slot << 15);
        if (mmio_read32(config) == (device << 16 | vendor) && number-- == 0)
            return config;
    }
    return 0;
}

void pci_set_port(uintptr_t config, uint32_t bar, uint32_t port)
{
    mmio_write32(config + BAR0 + 4u * bar, port | BAR_IS_PORT);
}

void pci_enable_ports(uintptr_t config)
{
    mmio_write32(config + COMMAND, (mmio_read32(config + COMMAND) & 0xffffu) | COMMAND_PORTS);
}
