/* The peer of robots/controllers/joint_impedance.py: the same law by hand. */
#include "mailbox.h"

#define CHAIN mailbox_params_chain
#include "chain.h"

static inline bool is_number(double x) { return -1e100 < x && x < 1e100; }

int32_t millhand_step(const struct mailbox_params *restrict params,
                      struct mailbox_state *restrict state,
                      const struct mailbox_input *restrict input,
                      struct mailbox_output *restrict output);

int32_t millhand_step(const struct mailbox_params *restrict params,
                      struct mailbox_state *restrict state,
                      const struct mailbox_input *restrict input,
                      struct mailbox_output *restrict output)
{
    bool good = true;
    for (int i = 0; i < JOINTS; i++) {
        if (!is_number(input->q[i]) || !is_number(input->dq[i]))
            good = false;
        if (!is_number(input->q_ref[i]) || !is_number(input->dq_ref[i]))
            good = false;
    }
    if (good)
        gravity(&params->chain, input->q, state->position, state->rotation, state->scratch,
                state->gravity);
    for (int i = 0; i < JOINTS; i++) {
        if (good) {
            double spring = params->kp[i] * (input->q_ref[i] - input->q[i]);
            double damper = params->kd[i] * (input->dq_ref[i] - input->dq[i]);
            output->tau[i] = spring + damper + state->gravity[i];
        } else {
            output->tau[i] = 0.0;
        }
    }
    output->flags = good ? 0 : 8;
    return 0;
}
