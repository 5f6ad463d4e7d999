/* The table of commands. */
#include "ctl/commands.h"

const struct ctl_command *const ctl_commands[] = {
#define CTL_COMMAND(name) &ctl_command_##name,
#include "ctl/commands.def"
#undef CTL_COMMAND
    NULL,
};
