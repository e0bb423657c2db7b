/* Judges an output: a NaN anywhere, a flag that the host counts as a violation, a command beyond
 * its limit. The places come from the output's dtype (output.h, drivers/guard.py).
 *
 * Numbers are compared as integers, which IEEE 754 allows without the sign: that is exact, cheap
 * without an FPU, and a NaN is larger than every limit. */
#include "guard.h"
#include "output.h"
#include "protocol.h"

#define SINGLE_INFINITY 0x7f800000u
#define DOUBLE_INFINITY 0x7ff0000000000000ull

/* Zero of either is a count like any other. */
static const uint32_t floats = OUTPUT_FLOATS, commands = OUTPUT_COMMANDS;

/* Little-endian and byte by byte: a packed dtype aligns nothing. */
static uint64_t bits_at(const uint8_t *at, uint32_t bytes)
{
    uint64_t bits = 0;
    for (uint32_t i = bytes; i; i--)
        bits = bits << 8 | at[i - 1];
    return bits;
}

static uint64_t magnitude_at(const uint8_t *at, uint32_t bytes)
{
    return bits_at(at, bytes) & (bytes == 8u ? ~0ull >> 1 : 0x7fffffffu);
}

static uint32_t any_nan(const uint8_t *output)
{
    for (uint32_t run = 0; run < floats; run++) {
        uint32_t bytes = output_floats[run].bytes;
        uint64_t infinity = bytes == 8u ? DOUBLE_INFINITY : SINGLE_INFINITY;
        for (uint32_t i = 0; i < output_floats[run].count; i++)
            if (magnitude_at(output + output_floats[run].offset + i * bytes, bytes) > infinity)
                return 1;
    }
    return 0;
}

static uint32_t any_beyond(const uint8_t *output, const uint64_t *limits)
{
    for (uint32_t i = 0; i < commands; i++)
        if (magnitude_at(output + OUTPUT_COMMAND_OFFSET + i * 8u, 8u) > limits[i])
            return 1;
    return 0;
}

/* The fault that an output is, FAULT_NONE for a good one. `limits` are bits of f8, one for each
 * command. */
uint32_t guard_check(const uint8_t *output, const uint64_t *limits, uint32_t flags)
{
    if (any_nan(output))
        return FAULT_NAN;
    if (bits_at(output + OUTPUT_FLAGS_OFFSET, OUTPUT_FLAGS_BYTES) & flags)
        return FAULT_LIMIT;
    return any_beyond(output, limits) ? FAULT_LIMIT : FAULT_NONE;
}

/* A limit is a number from +0 to infinity. */
uint32_t guard_limits_valid(const uint64_t *limits)
{
    for (uint32_t i = 0; i < commands; i++)
        if (limits[i] > DOUBLE_INFINITY)
            return 0;
    return 1;
}
