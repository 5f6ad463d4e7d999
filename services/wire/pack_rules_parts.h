/* What pack_rules.c, pack_features.c and pack_expect.c share. Internal to wire; the entry is pack_read_rules. */
#ifndef WIRE_PACK_RULES_PARTS_H
#define WIRE_PACK_RULES_PARTS_H

#include "wire/pack_rules.h"

/* The rules of one pack while they are read. */
struct rules_reader {
    struct arena *arena;
    struct yaml_faults *faults;
    struct ruleset *rules;
    struct feature *features;
    struct rule *list;
    struct expectation *expectations;
    int error; /* ERR_MEMORY, kept */
};

/* A copy with a NUL. */
const char *rules_keep_text(struct rules_reader *reader, struct str text);

/* Each of the others answers false, or NULL, after adding a fault. */

const struct expr *rules_read_expression(struct rules_reader *reader, const struct yaml_node *node,
                                         const struct expr_env *env);

/* A condition: of type bool, or dyn. */
const struct expr *rules_read_condition(struct rules_reader *reader, const struct yaml_node *node,
                                        const struct expr_env *env);
/* The kinds of events for which the condition may hold. */
bool rules_read_kinds(struct rules_reader *reader, const struct yaml_node *node,
                      enum event_family from, uint64_t *ret_kinds);
bool rules_read_family(struct rules_reader *reader, const struct yaml_node *node,
                       enum event_family *ret_family);

/* Level, layer, kind, tell, ask. */
bool rules_read_then(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule);
/* "subject", "class", "grade" or "school"; NULL: the subject. */
bool rules_read_about(struct rules_reader *reader, const struct yaml_node *node, struct rule *rule);
bool rules_read_why(struct rules_reader *reader, const struct yaml_node *node,
                    const struct expr_env *env, struct rule *rule);

/* No feature or expectation has the id. */
bool rules_is_new(struct rules_reader *reader, const struct yaml_node *node, struct str id);

/* pack_features.c: one feature, counted in. */
bool rules_read_feature(struct rules_reader *reader, const struct yaml_node *node);

/* pack_expect.c: one expectation, counted in; the pack's plausibility. */
bool rules_read_expectation(struct rules_reader *reader, const struct yaml_node *node);
bool rules_read_plausibility(struct rules_reader *reader, const struct yaml_node *node);

#endif
