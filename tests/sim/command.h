/* Commands as the console would write them, on their way to the topic: a while later, and some of them twice. */
#ifndef TESTS_SIM_COMMAND_H
#define TESTS_SIM_COMMAND_H

#include <stdbool.h>

#include "core/casework/casefile.h"
#include "sim/people.h"

/* Who says it, about which case. */
struct command_draft {
    struct people *people;
    struct str unit;
    struct ident case_id;
    struct str actor;
    struct str role;
};

void command_acknowledge(const struct command_draft *draft, struct ident notice_id);
/* With evidence that its policy takes; done just now, or somewhat before. */
void command_meet(const struct command_draft *draft, const struct obligation *obligation);
void command_settle(const struct command_draft *draft);
void command_close(const struct command_draft *draft);
void command_release(const struct command_draft *draft, struct str what);
void command_confirm_stand_down(const struct command_draft *draft, bool is_confirmed);

/* Whatever the console has buttons for, sensible or not. */
void command_anything(const struct command_draft *draft, const struct casefile *file);

#endif
