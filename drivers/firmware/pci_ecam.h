/* As much of PCI as finding a card and giving its ports an address takes. See pci_ecam.c. */
#ifndef MILLHAND_PCI_ECAM_H
#define MILLHAND_PCI_ECAM_H

#include <stdint.h>

/* `config` of the n-th card with this vendor and device on bus 0; 0: there is none. */
uintptr_t pci_find(uintptr_t ecam, uint32_t vendor, uint32_t device, uint32_t number);
void pci_set_port(uintptr_t config, uint32_t bar, uint32_t port);
void pci_enable_ports(uintptr_t config);

#endif
