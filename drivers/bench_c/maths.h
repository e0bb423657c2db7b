/* The peer's small arithmetic, as robots/maths.py and Python's min and max have it. */
#ifndef BENCH_MATHS_H
#define BENCH_MATHS_H

#include <stdbool.h>
#include <stdint.h>

#define QUIET_NAN __builtin_nan("")
#define INFINITE __builtin_inf()

typedef union {
    double number;
    uint64_t bits;
} double_bits;

static inline uint64_t bits_of(double x) { return (double_bits){ .number = x }.bits; }
static inline double least(double a, double b) { return b < a ? b : a; }
static inline double most(double a, double b) { return b > a ? b : a; }
static inline double clamp(double x, double low, double high) { return least(most(x, low), high); }
static inline double size_of(double x) { return x < 0.0 ? -x : x; }

static inline double square_root(double x)
{
    return x != x || x < 0.0 ? QUIET_NAN : __builtin_sqrt(x);
}

#endif
