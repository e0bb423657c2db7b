/* The peer of the bench's own controller of that name: robots/kinematics.jacobian by hand. */
#include "mailbox.h"

#define CHAIN mailbox_params_chain
#include "chain.h"

int32_t millhand_step(const struct mailbox_params *restrict params,
                      struct mailbox_state *restrict state,
                      const struct mailbox_input *restrict input,
                      struct mailbox_output *restrict output);

int32_t millhand_step(const struct mailbox_params *restrict params,
                      struct mailbox_state *restrict state,
                      const struct mailbox_input *restrict input,
                      struct mailbox_output *restrict output)
{
    jacobian(&params->chain, input->q, output->position, output->rotation, state->scratch,
             output->jacobian);
    return 0;
}
