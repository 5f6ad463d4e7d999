/* The reasons that held for one subject: found in judge.c, made into signals in judge_signal.c. Internal to core/rules. */
#ifndef CORE_RULES_JUDGE_INSIDE_H
#define CORE_RULES_JUDGE_INSIDE_H

#include "core/rules/judge.h"

/* One reason that held, of facts or of a rule. */
struct hold {
    struct hold *next;
    struct str kind;
    enum case_family family;
    enum rule_about about;
    enum case_level level;
    enum level_layer layer;
    const struct str *tell;
    size_t tell_count;
    struct str ask_interview;
    bool only_on_file;
    bool waits;
    struct signal_why why; /* with the rule's id */
};

/* One that did not hold, by little. */
struct near_rule {
    enum case_family family;
    struct signal_why why;
};

enum { HOLDS_NEAR_MAX = 16 };

struct holds {
    struct hold *first;
    struct hold **end;
    struct near_rule near[HOLDS_NEAR_MAX];
    size_t near_count;
    bool is_happening; /* by the facts */
};

/* The facts of the event, then every rule about it that holds, for the subject. ERR_MEMORY. */
SW_NODISCARD int holds_find_facts(struct judge *judge, struct holds *holds);
SW_NODISCARD int holds_find_rules(struct judge *judge, const struct signal_subject *subject,
                                  struct holds *holds);

/* One rule as a reason, whatever its condition. ERR_MEMORY. */
SW_NODISCARD int holds_add_rule(struct judge *judge, const struct rule *rule,
                                const struct expr_run *run, struct holds *holds);

#endif
