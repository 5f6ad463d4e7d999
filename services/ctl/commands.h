/* The rows of ctl_commands, each in its subject's file. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl/ctl.h"

#define CTL_COMMAND(name) extern const struct ctl_command ctl_command_##name;
#include "ctl/commands.def"
#undef CTL_COMMAND

#endif
