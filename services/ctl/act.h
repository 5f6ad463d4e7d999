/* Actions on a case: rows of act_rows.c, carried out by act.c. */
#ifndef CTL_ACT_H
#define CTL_ACT_H

#include "ctl/ctl.h"

enum { ACT_FIELDS_MAX = 6 };

enum act_kind {
    ACT_END,
    ACT_TEXT, /* codes, ids, and what is sealed: the mapper knows which */
    ACT_NUMBER,
    ACT_TIME,     /* RFC 3339, or "8m": so long ago */
    ACT_EVIDENCE, /* key=value, repeated */
    ACT_TRUE,
    ACT_FALSE
};

struct act_field {
    enum act_kind kind;
    const char *json;   /* the member of the action */
    const char *option; /* where its value is; NULL: a word */
    size_t word;        /* index of the command's word, when no option */
    bool is_needed;     /* an option that may not be left out */
};

struct act {
    const struct ctl_command *command;
    const char *flag;   /* the row counts when this option is given; NULL: otherwise */
    const char *action; /* the member of the Command record */
    struct act_field fields[ACT_FIELDS_MAX];
};

/* Ends with command == NULL; rows of one command with a flag stand before the one without. */
extern const struct act act_rows[];

/* What every row's command runs. */
enum ctl_exit act_run(struct ctl *ctl);

/* `link` runs act_run for each open case of the unknown person. */
enum ctl_exit link_run(struct ctl *ctl);

#endif
