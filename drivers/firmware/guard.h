/* Looks at a controller's output before it may reach a motor. Pure; see guard.c. */
#ifndef MILLHAND_GUARD_H
#define MILLHAND_GUARD_H

#include <stdint.h>

uint32_t guard_check(const uint8_t *output, const uint64_t *limits, uint32_t flags);
uint32_t guard_limits_valid(const uint64_t *limits);

#endif
