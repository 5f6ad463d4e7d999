/* What pack_policy.c and pack_step.c share. Internal to wire; the entry is pack_read_policies in wire/pack.h. */
#ifndef WIRE_PACK_POLICY_H
#define WIRE_PACK_POLICY_H

#include "base/arena.h"
#include "core/casework/policy.h"
#include "wire/yaml.h"

struct policy_reader {
    struct arena *arena;
    struct yaml_faults *faults;
};

/* Each answers false after adding a fault; NULL nodes are absent keys and leave the output alone. */

typedef bool (*policy_text_fn)(struct policy_reader *reader, const struct yaml_node *node,
                               struct str *ret_text);

/* A list, or one item, each read by `check`. */
bool policy_read_texts(struct policy_reader *reader, const struct yaml_node *node,
                       policy_text_fn check, size_t max, struct policy_texts *ret_texts);

bool policy_read_word(struct policy_reader *reader, const struct yaml_node *node,
                      struct str *ret_text);
bool policy_read_role(struct policy_reader *reader, const struct yaml_node *node,
                      struct str *ret_role);
bool policy_read_channels(struct policy_reader *reader, const struct yaml_node *node,
                          struct policy_channels *ret_channels);

/* The lists of one policy; steps are read after the obligations that they name. */
bool policy_read_obligations(struct policy_reader *reader, const struct yaml_node *node,
                             struct policy *policy);
bool policy_read_steps(struct policy_reader *reader, const struct yaml_node *node,
                       struct policy *policy);

#endif
