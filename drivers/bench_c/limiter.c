/* The peer of robots/controllers/limiter.py: the same reference by hand. */
#include "mailbox.h"
#include "maths.h"

#define JOINTS 7
#define BANDWIDTH 60.0

static inline bool within(double x, double size) { return -size < x && x < size; }

static double stopping_distance(double v, double a, double a_max, double j)
{
    double to_full = (a + a_max) / j, v_full = v + to_full * (a - 0.5 * j * to_full);
    if (v_full > 0.0) {
        double distance = to_full * (v + to_full * (0.5 * a - j * to_full / 6.0));
        return distance + v_full * v_full / (2.0 * a_max);
    }
    double t = (a + square_root(a * a + 2.0 * j * v)) / j;
    return t * (v + t * (0.5 * a - j * t / 6.0));
}

static bool fits(double room, double v, double a, double a_max, double j, double dt)
{
    double speed = a <= 0.0 ? v : v + a * a / (2.0 * j);
    if (speed <= 0.0)
        return room >= 0.0;
    return stopping_distance(v > 0.0 ? v : 0.0, a, a_max, j) + 2.0 * dt * speed <= room;
}

static inline double next_acceleration(double wish, double q, double v, double a, double low,
                                       double high, double v_max, double a_max, double j,
                                       double dt)
{
    double slack = j * dt, up = v_max - v, down = v_max + v;
    double lowest = most(a - slack, -a_max), highest = least(a + slack, a_max);
    double most_v = up > 0.0 ? square_root(slack * slack + 2.0 * j * up) - slack : -a_max;
    double least_v = down > 0.0 ? slack - square_root(slack * slack + 2.0 * j * down) : a_max;
    double choice = clamp(clamp(wish, least_v, most_v), lowest, highest);
    double v_next = v + choice * dt, q_next = q + v_next * dt;
    if (!fits(high - q_next, v_next, choice, a_max, j, dt))
        return lowest;
    if (!fits(q_next - low, -v_next, -choice, a_max, j, dt))
        return highest;
    return choice;
}

static inline void start(const struct mailbox_params *params, struct mailbox_state *state,
                         const struct mailbox_input *input)
{
    for (int i = 0; i < JOINTS; i++)
        if (!within(input->q[i], 1e100))
            return;
    for (int i = 0; i < JOINTS; i++) {
        state->q_ref[i] = clamp(input->q[i], params->q_min[i], params->q_max[i]);
        state->q_goal[i] = state->q_ref[i];
    }
    state->started = 1;
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
    if (!state->started)
        start(params, state, input);
    if (!state->started) {
        for (int i = 0; i < JOINTS; i++)
            output->q_ref[i] = output->dq_ref[i] = output->ddq_ref[i] = 0.0;
        output->flags = 8;
        return 0;
    }
    uint32_t flags = 0;
    double dt = params->dt;
    for (int i = 0; i < JOINTS; i++) {
        if (!within(input->q[i], 1e300))
            flags |= 8;
        double q = state->q_ref[i], v = state->dq_ref[i], a = state->ddq_ref[i];
        double low = params->q_min[i], high = params->q_max[i], v_max = params->dq_max[i];
        double a_max = params->ddq_max[i], j = params->dddq_max[i];
        double goal = input->q_goal[i], wish;
        if (!within(goal, 1e300)) {
            flags |= 1;
            wish = -BANDWIDTH * v;
            state->q_goal[i] = q;
        } else {
            if (goal < low || goal > high)
                flags |= 2;
            goal = clamp(goal, low, high);
            double pace = clamp((goal - state->q_goal[i]) / dt, -v_max, v_max);
            state->q_goal[i] = goal;
            double error = goal - q, size = size_of(error);
            double pull = least(0.5 * BANDWIDTH * size, square_root(a_max * size));
            double aim = clamp(pace + (error < 0.0 ? -pull : pull), -v_max, v_max);
            wish = 2.0 * BANDWIDTH * (aim - v);
        }
        a = next_acceleration(wish, q, v, a, low, high, v_max, a_max, j, dt);
        v += a * dt;
        q += v * dt;
        if (v >= 0.999 * v_max || v <= -0.999 * v_max)
            flags |= 4;
        state->q_ref[i] = output->q_ref[i] = q;
        state->dq_ref[i] = output->dq_ref[i] = v;
        state->ddq_ref[i] = output->ddq_ref[i] = a;
    }
    output->flags = flags;
    return 0;
}
