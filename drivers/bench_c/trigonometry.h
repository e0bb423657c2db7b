/* The peer's sine, cosine and arc tangent: the algorithms and constants of robots/maths.py. */
#ifndef BENCH_TRIGONOMETRY_H
#define BENCH_TRIGONOMETRY_H

#include "maths.h"

#define PIO2 1.5707963267948966
#define PIO2_LOW 6.123233995736766e-17
#define PI_LOW 1.2246467991473532e-16
#define TWO_M32 2.3283064365386962890625e-10

static const uint64_t TWO_OVER_PI[20] = {
    0x0,                0xA2F9836E4E441529, 0xFC2757D1F534DDC0, 0xDB6295993C439041,
    0xFE5163ABDEBBC561, 0xB7246E3A424DD2E0, 0x06492EEA09D1921C, 0xFE1DEB1CB129A73E,
    0xE88235F52EBB4484, 0xE99C7026B45F7E41, 0x3991D639835339F4,
    0x9C845F8BBDF9283B, 0x1FF897FFDE05980F, 0xEF2F118B5A0A6D1F, 0x6D367ECF27CB09B7,
    0x4F463F669E5FEA2D, 0x7527BAC7EBE5F17B, 0x3D0739F78A5292EA, 0x6BFB5FB11F8D5D08,
    0x56033046FC7B6BAB,
};

static inline double two_sum(double a, double b, double *error)
{
    double s = a + b, t = s - a;
    *error = (a - (s - t)) + (b - t);
    return s;
}

static inline double two_product(double a, double b, double *error)
{
    double p = a * b, t = 134217729.0 * a;
    double a_high = t - (t - a), a_low = a - a_high;
    t = 134217729.0 * b;
    double b_high = t - (t - b), b_low = b - b_high;
    *error = ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return p;
}

static uint64_t digits_of_two_over_pi(int start, int word)
{
    int place = start + 64 + 64 * word, index = place >> 6, shift = place & 63;
    uint64_t high = TWO_OVER_PI[index] << shift;
    if (shift == 0)
        return high;
    uint64_t low = index + 1 < 20 ? TWO_OVER_PI[index + 1] >> (64 - shift) : 0;
    return high | low;
}

static inline double high_half(uint64_t x) { return (double)(x >> 32); }
static inline double low_half(uint64_t x) { return (double)(x & 0xFFFFFFFF); }

static int reduce_huge(double x, double *high, double *low)
{
    uint64_t bits = bits_of(x), m = (bits & 0xFFFFFFFFFFFFF) | 1ull << 52;
    int e = (int)(bits >> 52 & 0x7FF) - 1075;
    uint64_t m_low = m & 0xFFFFFFFF, m_high = m >> 32;
    uint64_t top = 0, middle = 0, previous = 0;
    for (int k = 0; k < 6; k++) {
        uint64_t word = digits_of_two_over_pi(e - 2, 2 - k / 2);
        uint64_t limb = k % 2 == 0 ? word & 0xFFFFFFFF : word >> 32;
        uint64_t sum = limb * m_low + (previous & 0xFFFFFFFF);
        previous = limb * m_high + (sum >> 32) + (previous >> 32);
        uint64_t digit = sum & 0xFFFFFFFF;
        if (k == 2)
            middle = digit;
        else if (k == 3)
            middle |= digit << 32;
        else if (k == 4)
            top = digit;
        else if (k == 5)
            top |= digit << 32;
    }
    int quadrant = (int)(top >> 62);
    top = top << 2 | middle >> 62;
    middle <<= 2;
    bool negative = top >> 63;
    if (negative) {
        quadrant++;
        top = ~top;
        middle = ~middle;
    }
    double f0, f1, f2, error;
    f0 = two_sum(high_half(top) * TWO_M32, low_half(top) * TWO_M32 * TWO_M32, &f1);
    double tail = (high_half(middle) + low_half(middle) * TWO_M32) * (TWO_M32 * TWO_M32 * TWO_M32);
    f0 = two_sum(f0, tail, &f2);
    f1 += f2;
    double r = two_product(f0, PIO2, &error);
    double rest = error + (f0 * PIO2_LOW + f1 * PIO2), sum = r + rest;
    rest -= sum - r;
    if (negative != (x < 0.0)) {
        sum = -sum;
        rest = -rest;
    }
    *high = sum;
    *low = rest;
    return (x < 0.0 ? -quadrant : quadrant) & 3;
}

static inline int reduce(double x, double *high, double *low)
{
    if (-0.7853981633974483 <= x && x <= 0.7853981633974483) {
        *high = x;
        *low = 0.0;
        return 0;
    }
    if (!(-1.6e6 < x && x < 1.6e6))
        return reduce_huge(x, high, low);
    int count = (int)(x * 0.6366197723675814 + (x > 0.0 ? 0.5 : -0.5));
    double n = count, h, l, error;
    h = two_sum(x - n * 1.5707963267341256, -n * 6.077100506303966e-11, &l);
    h = two_sum(h, -n * 2.0222662487111665e-21, &error);
    l = (l + error) - n * 8.4784276603689e-32;
    *high = h + l;
    *low = l - (*high - h);
    return count & 3;
}

static inline double sin_kernel(double x, double low)
{
    double z = x * x, cube = z * x;
    double r = 8.33333333332248946124e-03 + z * (-1.98412698298579493134e-04
        + z * (2.75573137070700676789e-06
        + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)));
    return x - ((z * (0.5 * low - cube * r) - low) - cube * -1.66666666666666324348e-01);
}

static inline double cos_kernel(double x, double low)
{
    double z = x * x, half = 0.5 * z, w = 1.0 - half;
    double r = z * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03
        + z * (2.48015872894767294178e-05 + z * (-2.75573143513906633035e-07
        + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
    return w + (((1.0 - w) - half) + (z * r - x * low));
}

static void sine_cosine(double x, double *sine, double *cosine)
{
    *sine = *cosine = QUIET_NAN;
    if (!(-INFINITE < x && x < INFINITE))
        return;
    double high, low;
    int quadrant = reduce(x, &high, &low);
    double s = x == 0.0 ? x : sin_kernel(high, low), c = cos_kernel(high, low);
    switch (quadrant) {
    case 0: *sine = s; *cosine = c; break;
    case 1: *sine = c; *cosine = -s; break;
    case 2: *sine = -s; *cosine = -c; break;
    default: *sine = -c; *cosine = s; break;
    }
}

static inline double arc_tangent_positive(double x)
{
    if (x > 1e18)
        return PIO2;
    double high = 0.0, low = 0.0, t = x;
    if (x >= 2.4375) {
        high = PIO2, low = PIO2_LOW, t = -1.0 / x;
    } else if (x >= 1.1875) {
        high = 9.82793723247329054082e-01, low = 1.39033110312309984516e-17;
        t = (x - 1.5) / (1.0 + 1.5 * x);
    } else if (x >= 0.6875) {
        high = 7.85398163397448278999e-01, low = 3.06161699786838301793e-17;
        t = (x - 1.0) / (x + 1.0);
    } else if (x >= 0.4375) {
        high = 4.63647609000806093515e-01, low = 2.26987774529616870924e-17;
        t = (2.0 * x - 1.0) / (2.0 + x);
    } else if (x < 1e-9) {
        return x;
    }
    double z = t * t, w = z * z;
    double odd = z * (3.33333333333329318027e-01 + w * (1.42857142725034663711e-01
        + w * (9.09088713343650656196e-02 + w * (6.66107313738753120669e-02
        + w * (4.97687799461593236017e-02 + w * 1.62858201153657823623e-02)))));
    double even = w * (-1.99999999998764832476e-01 + w * (-1.11111104054623557880e-01
        + w * (-7.69187620504482999495e-02 + w * (-5.83357013379057348645e-02
        + w * -3.65315727442169155270e-02))));
    return high - ((t * (odd + even) - low) - t);
}

static inline double arc_tangent2(double y, double x)
{
    if (x != x || y != y)
        return QUIET_NAN;
    bool y_negative = bits_of(y) >> 63, x_negative = bits_of(x) >> 63;
    double height = y_negative ? -y : y, width = x_negative ? -x : x, angle;
    if (height == 0.0) {
        angle = x_negative ? 2.0 * PIO2 : 0.0;
    } else if (width == 0.0) {
        angle = PIO2;
    } else if (width == INFINITE) {
        if (x_negative)
            angle = height == INFINITE ? 1.5 * PIO2 : 2.0 * PIO2;
        else
            angle = height == INFINITE ? 0.5 * PIO2 : 0.0;
    } else if (height == INFINITE) {
        angle = PIO2;
    } else {
        angle = arc_tangent_positive(height / width);
        if (x_negative)
            angle = 2.0 * PIO2 - (angle - PI_LOW);
    }
    return y_negative ? -angle : angle;
}

#endif
