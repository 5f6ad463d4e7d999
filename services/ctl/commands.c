/* The table of commands, in the order of the help. */
#include "ctl/commands.h"

const struct ctl_command *const ctl_commands[] = {
    &ctl_command_phone,
    NULL,
};
