/* The peer of robots/controllers/diff_ik.py: the same inverse kinematics by hand. */
#include "mailbox.h"

#define CHAIN mailbox_params_chain
#include "chain.h"

#define LARGE 1e9
#define PASSES 4

enum { FLAG_NAN = 1, FLAG_POSITION = 2, FLAG_SPEED = 4, FLAG_SENSOR = 8, FLAG_SINGULAR = 64 };

static bool usable(const double *values, int n)
{
    for (int i = 0; i < n; i++)
        if (!(-LARGE < values[i] && values[i] < LARGE))
            return false;
    return true;
}

static inline bool rotation_from(const double quaternion[4], double out[3][3])
{
    double x = quaternion[0], y = quaternion[1], z = quaternion[2], w = quaternion[3];
    double square = x * x + y * y + z * z + w * w;
    if (square < 1e-12)
        return false;
    double s = 2.0 / square;
    out[0][0] = 1.0 - s * (y * y + z * z);
    out[0][1] = s * (x * y - z * w);
    out[0][2] = s * (x * z + y * w);
    out[1][0] = s * (x * y + z * w);
    out[1][1] = 1.0 - s * (x * x + z * z);
    out[1][2] = s * (y * z - x * w);
    out[2][0] = s * (x * z - y * w);
    out[2][1] = s * (y * z + x * w);
    out[2][2] = 1.0 - s * (x * x + y * y);
    return true;
}

static inline double times_transposed(double want[3][3], double have[3][3], int i, int j)
{
    return dot(want[i], have[j][0], have[j][1], have[j][2]);
}

/* The rotation vector, base frame, that turns `have` into `want`. */
static inline void rotation_between(double have[3][3], double want[3][3], double out[3])
{
    double x = times_transposed(want, have, 2, 1) - times_transposed(want, have, 1, 2);
    double y = times_transposed(want, have, 0, 2) - times_transposed(want, have, 2, 0);
    double z = times_transposed(want, have, 1, 0) - times_transposed(want, have, 0, 1);
    double xx = times_transposed(want, have, 0, 0);
    double yy = times_transposed(want, have, 1, 1);
    double zz = times_transposed(want, have, 2, 2);
    double length = square_root(x * x + y * y + z * z), trace = xx + yy + zz;
    double angle = arc_tangent2(length, trace - 1.0);
    if (length > 1e-6) {
        out[0] = x * angle / length, out[1] = y * angle / length, out[2] = z * angle / length;
        return;
    }
    if (trace > 0.0) {
        out[0] = 0.5 * x, out[1] = 0.5 * y, out[2] = 0.5 * z;
        return;
    }
    int i = xx >= yy && xx >= zz ? 0 : yy >= zz ? 1 : 2;
    double ax = times_transposed(want, have, 0, i) + (i == 0 ? 1.0 : 0.0);
    double ay = times_transposed(want, have, 1, i) + (i == 1 ? 1.0 : 0.0);
    double az = times_transposed(want, have, 2, i) + (i == 2 ? 1.0 : 0.0);
    double norm = square_root(ax * ax + ay * ay + az * az);
    out[0] = angle * ax / norm, out[1] = angle * ay / norm, out[2] = angle * az / norm;
}

static void shorten(double values[3], double limit)
{
    double x = values[0], y = values[1], z = values[2];
    double length = square_root(x * x + y * y + z * z);
    if (length <= limit)
        return;
    for (int k = 0; k < 3; k++)
        values[k] *= limit / length;
}

static double cholesky(double a[6][6])
{
    double product = 1.0;
    for (int i = 0; i < 6; i++) {
        for (int j = 0; j < i; j++) {
            double total = a[i][j];
            for (int k = 0; k < j; k++)
                total -= a[i][k] * a[j][k];
            a[i][j] = total / a[j][j];
        }
        double total = a[i][i];
        for (int k = 0; k < i; k++)
            total -= a[i][k] * a[i][k];
        a[i][i] = square_root(most(total, 1e-12));
        product *= a[i][i];
    }
    return product;
}

static inline void solve(double a[6][6], double b[6])
{
    for (int i = 0; i < 6; i++) {
        double total = b[i];
        for (int k = 0; k < i; k++)
            total -= a[i][k] * b[k];
        b[i] = total / a[i][i];
    }
    for (int i = 5; i >= 0; i--) {
        double total = b[i];
        for (int j = i + 1; j < 6; j++)
            total -= a[j][i] * b[j];
        b[i] = total / a[i][i];
    }
}

static inline void start(const struct mailbox_params *params, struct mailbox_state *state,
                         const struct mailbox_input *input)
{
    for (int i = 0; i < JOINTS; i++)
        state->q_ref[i] = clamp(input->q[i], params->q_min[i], params->q_max[i]);
    state->started = 1;
}

static inline bool want(const struct mailbox_params *params, struct mailbox_state *state,
                        const struct mailbox_input *input)
{
    double *twist = state->twist;
    for (int k = 0; k < 6; k++)
        twist[k] = 0.0;
    if (!usable(input->twist, 6) || !usable(input->position, 3) || !usable(input->quaternion, 4))
        return false;
    const double *quaternion = input->quaternion;
    if (quaternion[0] != 0.0 || quaternion[1] != 0.0 || quaternion[2] != 0.0
        || quaternion[3] != 0.0) {
        if (!rotation_from(quaternion, state->goal))
            return false;
        for (int k = 0; k < 3; k++)
            twist[k] = input->position[k] - state->position[k];
        rotation_between(state->rotation, state->goal, twist + 3);
    }
    for (int k = 0; k < 6; k++)
        twist[k] = params->kp[k] * twist[k] + input->twist[k];
    shorten(twist, params->speed_max[0]);
    shorten(twist + 3, params->speed_max[1]);
    return true;
}

/* Factor J J^T of the free joints, damped where it has to be; say whether it had to. */
static inline bool factor(const struct mailbox_params *params, struct mailbox_state *state)
{
    double(*square)[6] = state->square, (*jac)[JOINTS] = state->jacobian;
    double *diagonal = state->aim;
    for (int r = 0; r < 6; r++) {
        for (int k = 0; k <= r; k++) {
            double total = 0.0;
            for (int i = 0; i < JOINTS; i++)
                if (!state->locked[i])
                    total += jac[r][i] * jac[k][i];
            square[r][k] = square[k][r] = total;
        }
        diagonal[r] = square[r][r];
    }
    double share = cholesky(square) / params->manipulability;
    if (share >= 1.0)
        return false;
    double damping = params->damping_max * (1.0 - share) * (1.0 - share);
    for (int r = 0; r < 6; r++) {
        for (int k = 0; k < r; k++)
            square[r][k] = square[k][r];
        square[r][r] = diagonal[r] + damping;
    }
    cholesky(square);
    return true;
}

static inline bool solve_speeds(const struct mailbox_params *params, struct mailbox_state *state)
{
    for (int i = 0; i < JOINTS; i++)
        if (!state->locked[i])
            state->dq[i] = params->k_posture * (params->posture[i] - state->q_ref[i]);
    bool damped = factor(params, state);
    for (int k = 0; k < 6; k++) {
        double total = state->twist[k];
        for (int i = 0; i < JOINTS; i++)
            total -= state->jacobian[k][i] * state->dq[i];
        state->aim[k] = total;
    }
    solve(state->square, state->aim);
    for (int i = 0; i < JOINTS; i++)
        if (!state->locked[i])
            for (int k = 0; k < 6; k++)
                state->dq[i] += state->jacobian[k][i] * state->aim[k];
    return damped;
}

static inline bool lock(const struct mailbox_params *params, struct mailbox_state *state)
{
    bool found = false;
    for (int i = 0; i < JOINTS; i++) {
        double slowest = params->approach * (params->q_min[i] - state->q_ref[i]);
        double fastest = params->approach * (params->q_max[i] - state->q_ref[i]);
        if (state->dq[i] < slowest || state->dq[i] > fastest) {
            state->dq[i] = clamp(state->dq[i], slowest, fastest);
            if (!state->locked[i]) {
                state->locked[i] = 1;
                found = true;
            }
        }
    }
    return found;
}

/* Solve until no further joint comes to its limit; give the scale that keeps the speeds. */
static inline double move(const struct mailbox_params *params, struct mailbox_state *state,
                          uint32_t *flags)
{
    for (int i = 0; i < JOINTS; i++)
        state->locked[i] = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        if (solve_speeds(params, state))
            *flags |= FLAG_SINGULAR;
        if (!lock(params, state))
            break;
        *flags |= FLAG_POSITION;
    }
    double scale = 1.0;
    for (int i = 0; i < JOINTS; i++) {
        double size = size_of(state->dq[i]);
        if (scale * size > params->dq_max[i]) {
            scale = params->dq_max[i] / size;
            *flags |= FLAG_SPEED;
        }
    }
    return scale;
}

int32_t millhand_step(const struct mailbox_params *restrict params,
                      struct mailbox_state *restrict state,
                      const struct mailbox_input *restrict input,
                      struct mailbox_output *restrict output);

int32_t millhand_step(const struct mailbox_params *restrict params,
                      struct mailbox_state *restrict state,
                      const struct mailbox_input *restrict input,
                      struct mailbox_output *restrict output)
{
    uint32_t flags = 0;
    bool sensed = usable(input->q, JOINTS), moving = false;
    if (!sensed)
        flags |= FLAG_SENSOR;
    if (!state->started && sensed)
        start(params, state, input);
    if (state->started) {
        jacobian(&params->chain, state->q_ref, state->position, state->rotation, state->scratch,
                 state->jacobian);
        moving = want(params, state, input);
        if (!moving)
            flags |= FLAG_NAN;
        moving = moving && sensed;
    }
    double scale = moving ? move(params, state, &flags) : 0.0;
    for (int i = 0; i < JOINTS; i++) {
        double speed = moving ? scale * state->dq[i] : 0.0;
        double reached = state->q_ref[i] + speed * params->dt;
        if (state->started)
            reached = clamp(reached, params->q_min[i], params->q_max[i]);
        state->q_ref[i] = reached;
        output->q_goal[i] = reached;
        output->dq_goal[i] = speed;
    }
    output->flags = flags;
    return 0;
}
