/* Writes a command and waits for its journal line: the outcome, not the sending. */
#ifndef CTL_COMMAND_SEND_H
#define CTL_COMMAND_SEND_H

#include "ctl/ctl.h"
#include "shouwang/v1/command.pb-c.h"

/* Draws the id, writes, waits at most `wait_ms` after all replicas have it, and says the outcome. CTL_OK applied,
 * CTL_REFUSED refused with the reason, CTL_UNAVAILABLE accepted and not yet applied, or not accepted. */
enum ctl_exit command_send(struct ctl *ctl, Shouwang__V1__Command *command, int64_t wait_ms);

#endif
