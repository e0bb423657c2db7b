/* What drives the motors: the output area, and a pin that enables the power stage. */
#ifndef MILLHAND_MOTORS_H
#define MILLHAND_MOTORS_H

#include "core.h"

void motors_start(void);
void motors_write(const struct mailbox_output *output);
void motors_stop(void);

#endif
