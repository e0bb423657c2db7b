/* A PL011's registers as far as the driver can see them, for the host: ARM DDI 0183G, chapter 3. */
#include "mmio.h"

uint32_t model_registers[0x40], model_sent[64], model_sends, model_busy, model_full;
uint32_t model_queue[64], model_queued, model_taken, model_divisor;

uint32_t mmio_read32(uintptr_t address)
{
    uint32_t offset = (uint32_t)(address & 0xfffu);
    if (offset == 0x18u) { /* FR: busy, receiver empty, transmitter full */
        uint32_t busy = model_busy ? (model_busy--, 0x08u) : 0u;
        return busy | (model_taken == model_queued ? 0x10u : 0u) | (model_full ? 0x20u : 0u);
    }
    if (offset == 0x00u)
        return model_taken < model_queued ? model_queue[model_taken++] : 0u;
    return model_registers[offset / 4u];
}

void mmio_write32(uintptr_t address, uint32_t value)
{
    uint32_t offset = (uint32_t)(address & 0xfffu);
    if (offset == 0x00u) {
        if ((model_registers[0x30 / 4] & 0x101u) == 0x101u && model_sends < 64u)
            model_sent[model_sends++] = value;
        return;
    }
    model_registers[offset / 4u] = value;
    if (offset == 0x2cu) /* a write of LCR_H takes up the divisor, while the UART is off */
        model_divisor = model_registers[0x30 / 4] & 1u
                            ? 0u
                            : model_registers[0x24 / 4] << 6 | model_registers[0x28 / 4];
}

uint32_t mmio_read8(uintptr_t address) { return mmio_read32(address); }
void mmio_write8(uintptr_t address, uint32_t value) { mmio_write32(address, value); }
