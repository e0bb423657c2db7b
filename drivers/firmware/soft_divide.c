/* Division in software, rounded to nearest even over the whole range.
 *
 * The compiler runtime's own is one unit off where the quotient is subnormal. Every other
 * operation of it was compared with hardware and is exact. */
#include <stdint.h>

double __divdf3(double a, double b);
float __divsf3(float a, float b);

/* Long division takes DIGIT bits of the quotient at a time, as many as a remainder has room for
 * above its own. Each appends the next digit, and leaves what remains. */
static uint32_t digit___divsf3(uint32_t quotient, uint32_t *rest, uint32_t divisor, int32_t bits)
{
    uint32_t dividend = *rest << bits, digit = dividend / divisor;
    *rest = dividend - digit * divisor;
    return quotient << bits | digit;
}

/* The division is one of 32-bit words, of the upper halves, and at most a little too small. */
static uint64_t digit___divdf3(uint64_t quotient, uint64_t *rest, uint64_t divisor, int32_t bits)
{
    uint64_t dividend = *rest << bits;
    uint32_t digit = (uint32_t)(dividend >> 32) / ((uint32_t)(divisor >> 32) + 1);
    uint64_t left = dividend - digit * divisor;
    while (left >= divisor) {
        left -= divisor;
        digit++;
    }
    *rest = left;
    return quotient << bits | digit;
}

#define DEFINE_DIVIDE(NAME, FLOAT, BITS, FRACTION, BIAS, DIGIT)                                  \
    static int32_t normalise_##NAME(BITS *fraction)                                             \
    {                                                                                           \
        int32_t shift = 0;                                                                      \
        while (!(*fraction >> FRACTION)) {                                                      \
            *fraction <<= 1;                                                                    \
            shift++;                                                                            \
        }                                                                                       \
        return 1 - shift;                                                                       \
    }                                                                                           \
                                                                                                \
    /* `quotient` has FRACTION + 3 or + 4 bits; the last one stands for all that follow. */     \
    static BITS round_##NAME(BITS quotient, int32_t exponent)                                   \
    {                                                                                           \
        if (quotient >> (FRACTION + 3))                                                         \
            quotient = quotient >> 1 | (quotient & 1);                                          \
        else                                                                                    \
            exponent--;                                                                         \
        if (exponent >= 2 * BIAS + 1)                                                           \
            return (BITS)(2 * BIAS + 1) << FRACTION;                                            \
        if (exponent < 1) {                                                                     \
            int32_t shift = 1 - exponent;                                                       \
            if (shift > FRACTION + 3)                                                           \
                shift = FRACTION + 3;                                                           \
            BITS lost = quotient & (((BITS)1 << shift) - 1);                                    \
            quotient = quotient >> shift | (lost != 0);                                         \
            exponent = 0;                                                                       \
        } else {                                                                                \
            quotient -= (BITS)1 << (FRACTION + 2);                                              \
        }                                                                                       \
        BITS rest = quotient & 3;                                                               \
        BITS bits = ((BITS)exponent << FRACTION) + (quotient >> 2);                             \
        return bits + (rest > 2 || (rest == 2 && (bits & 1))); /* may carry to infinity */      \
    }                                                                                           \
                                                                                                \
    FLOAT NAME(FLOAT a, FLOAT b)                                                                \
    {                                                                                           \
        const BITS one = 1, infinity = (BITS)(2 * BIAS + 1) << FRACTION;                        \
        const BITS sign_bit = one << (sizeof(BITS) * 8 - 1);                                    \
        const BITS nan = infinity | one << (FRACTION - 1);                                      \
        union { FLOAT number; BITS bits; } x = { .number = a }, y = { .number = b }, result;    \
        BITS sign = (x.bits ^ y.bits) & sign_bit;                                               \
        BITS p = x.bits & ~sign_bit, q = y.bits & ~sign_bit;                                    \
        if (p > infinity || q > infinity || (p == q && (p == 0 || p == infinity))) {            \
            result.bits = nan;                                                                  \
        } else if (p == infinity || q == 0) {                                                   \
            result.bits = sign | infinity;                                                      \
        } else if (p == 0 || q == infinity) {                                                   \
            result.bits = sign;                                                                 \
        } else {                                                                                \
            int32_t above = (int32_t)(p >> FRACTION), below = (int32_t)(q >> FRACTION);         \
            p &= (one << FRACTION) - 1;                                                         \
            q &= (one << FRACTION) - 1;                                                         \
            if (above)                                                                          \
                p |= one << FRACTION;                                                           \
            else                                                                                \
                above = normalise_##NAME(&p);                                                   \
            if (below)                                                                          \
                q |= one << FRACTION;                                                           \
            else                                                                                \
                below = normalise_##NAME(&q);                                                   \
            BITS quotient = p >= q;                                                             \
            if (p >= q)                                                                         \
                p -= q;                                                                         \
            for (int32_t left = FRACTION + 2; left > 0; left -= DIGIT)                          \
                quotient = digit_##NAME(quotient, &p, q, left < DIGIT ? left : DIGIT);          \
            quotient = quotient << 1 | (p != 0);                                                \
            result.bits = sign | round_##NAME(quotient, above - below + BIAS);                  \
        }                                                                                       \
        return result.number;                                                                   \
    }

DEFINE_DIVIDE(__divdf3, double, uint64_t, 52, 1023, 11)
DEFINE_DIVIDE(__divsf3, float, uint32_t, 23, 127, 8)
