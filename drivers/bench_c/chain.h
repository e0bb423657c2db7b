/* The peer's kinematics: what robots/kinematics.py reckons, in the same order, in C.
 *
 * Written against `struct CHAIN`, the chain as the generated header declares it. */
#ifndef BENCH_CHAIN_H
#define BENCH_CHAIN_H

#include "trigonometry.h"

#define JOINTS 7

static inline double dot(const double a[3], double x, double y, double z)
{
    return a[0] * x + a[1] * y + a[2] * z;
}

static void turn(const double axis[3], double angle, double rotation[3][3])
{
    double s, c;
    sine_cosine(angle, &s, &c);
    double x = axis[0], y = axis[1], z = axis[2], v = 1.0 - c;
    double m00 = c + x * x * v, m01 = x * y * v - z * s, m02 = x * z * v + y * s;
    double m10 = y * x * v + z * s, m11 = c + y * y * v, m12 = y * z * v - x * s;
    double m20 = z * x * v - y * s, m21 = z * y * v + x * s, m22 = c + z * z * v;
    for (int i = 0; i < 3; i++) {
        double a = rotation[i][0], b = rotation[i][1], d = rotation[i][2];
        rotation[i][0] = a * m00 + b * m10 + d * m20;
        rotation[i][1] = a * m01 + b * m11 + d * m21;
        rotation[i][2] = a * m02 + b * m12 + d * m22;
    }
}

static void place(const double offset[3], const double turned[3][3], double position[3],
                  double rotation[3][3])
{
    for (int i = 0; i < 3; i++) {
        double a = rotation[i][0], b = rotation[i][1], d = rotation[i][2];
        position[i] += a * offset[0] + b * offset[1] + d * offset[2];
        for (int j = 0; j < 3; j++)
            rotation[i][j] = a * turned[0][j] + b * turned[1][j] + d * turned[2][j];
    }
}

/* Walk the chain; leave joint origin, axis and centre of mass, base frame, in `scratch`. */
static void axes(const struct CHAIN *chain, const double q[JOINTS], double position[3],
                 double rotation[3][3], double scratch[JOINTS][9])
{
    for (int i = 0; i < 3; i++) {
        position[i] = 0.0;
        for (int j = 0; j < 3; j++)
            rotation[i][j] = i == j ? 1.0 : 0.0;
    }
    for (int i = 0; i < JOINTS; i++) {
        const double *axis = chain->axis[i], *com = chain->com[i];
        place(chain->position[i], chain->rotation[i], position, rotation);
        if (chain->prismatic[i]) {
            for (int k = 0; k < 3; k++)
                position[k] += q[i] * dot(rotation[k], axis[0], axis[1], axis[2]);
        } else {
            turn(axis, q[i], rotation);
        }
        for (int k = 0; k < 3; k++) {
            scratch[i][k] = position[k];
            scratch[i][3 + k] = dot(rotation[k], axis[0], axis[1], axis[2]);
            scratch[i][6 + k] = position[k] + dot(rotation[k], com[0], com[1], com[2]);
        }
    }
}

static inline void jacobian(const struct CHAIN *chain, const double q[JOINTS], double position[3],
                            double rotation[3][3], double scratch[JOINTS][9],
                            double out[6][JOINTS])
{
    axes(chain, q, position, rotation, scratch);
    place(chain->tool_position, chain->tool_rotation, position, rotation);
    for (int i = 0; i < JOINTS; i++) {
        const double *at = scratch[i];
        double x = at[3], y = at[4], z = at[5];
        double a = position[0] - at[0], b = position[1] - at[1], c = position[2] - at[2];
        if (chain->prismatic[i]) {
            out[0][i] = x, out[1][i] = y, out[2][i] = z;
            out[3][i] = 0.0, out[4][i] = 0.0, out[5][i] = 0.0;
        } else {
            out[0][i] = y * c - z * b, out[1][i] = z * a - x * c, out[2][i] = x * b - y * a;
            out[3][i] = x, out[4][i] = y, out[5][i] = z;
        }
    }
}

static inline void gravity(const struct CHAIN *chain, const double q[JOINTS], double position[3],
                           double rotation[3][3], double scratch[JOINTS][9], double tau[JOINTS])
{
    const double g = 9.81;
    axes(chain, q, position, rotation, scratch);
    double mass = 0.0, sx = 0.0, sy = 0.0, sz = 0.0;
    for (int i = JOINTS - 1; i >= 0; i--) {
        const double *at = scratch[i];
        mass += chain->mass[i];
        sx += chain->mass[i] * at[6];
        sy += chain->mass[i] * at[7];
        sz += chain->mass[i] * at[8];
        if (chain->prismatic[i]) {
            tau[i] = g * mass * at[5];
        } else {
            double a = sx - mass * at[0], b = sy - mass * at[1];
            tau[i] = g * (at[3] * b - at[4] * a);
        }
    }
}

#endif
