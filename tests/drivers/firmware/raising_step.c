/* A step in the kernel's stead: it commands, and at its fourth call it also says that it failed. */
#include <stdint.h>

int32_t millhand_step(void *params, void *state, const void *input, void *output);

int32_t millhand_step(void *params, void *state, const void *input, void *output)
{
    uint32_t *calls = state;
    double *command = output;
    (void)params;
    (void)input;
    command[0] = 5.0;
    *calls += 1u;
    return *calls == 4u ? 7 : 0;
}
