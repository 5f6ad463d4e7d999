/* The rows of ctl_commands, each in its subject's file. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl/ctl.h"

extern const struct ctl_command ctl_command_phone;

#endif
