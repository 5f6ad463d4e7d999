/* What the files of the machine share. Private to core/expr. */
#ifndef CORE_EXPR_MACHINE_STEP_H
#define CORE_EXPR_MACHINE_STEP_H

#include "core/expr/machine.h"

/* A fold that is under way, or a bound value: its locals, and what it has made so far. */
struct frame {
    struct expr_value locals[2];
    struct expr_value range;
    struct expr_value pending; /* the first error that all() or exists() may still absorb */
    enum node_fold fold;
    size_t index; /* of the next item */
    const struct step *loop;
    const struct step *end;
    struct expr_value *items;   /* of a list */
    struct expr_entry *entries; /* of a map */
    size_t count;               /* of either, or of what exists_one() found */
    size_t capacity;
};

/* Does one step; the machine has gone on to the next one already. */
typedef void (*step_fn)(struct machine *machine, const struct step *step);

void step_field(struct machine *machine, const struct step *step);
void step_has(struct machine *machine, const struct step *step);
void step_index(struct machine *machine, const struct step *step);
void step_fold(struct machine *machine, const struct step *step);
void step_next(struct machine *machine, const struct step *step);
void step_test(struct machine *machine, const struct step *step);
void step_keep(struct machine *machine, const struct step *step);

static inline bool is_error(const struct expr_value *value)
{
    return value->kind == EXPR_ERROR;
}

static inline void push(struct machine *machine, struct expr_value value)
{
    *machine->top++ = value;
}

/* Borrowed until the next push. */
static inline const struct expr_value *pop(struct machine *machine)
{
    return --machine->top;
}

/* The optional without a value, and the one that has this value. */
static inline struct expr_value expr_none(void)
{
    return (struct expr_value){.kind = EXPR_OPTIONAL, .inside = NULL};
}

struct expr_value machine_wrap(struct machine *machine, const struct expr_value *value);

/* Adds to a map, whose keys are of the kinds that keys are and distinct; the fault else, or NONE. */
enum expr_fault machine_add_entry(struct machine *machine, struct expr_entry *entries, size_t count,
                                  const struct expr_entry *entry);

#endif
