/* What the files of pack_lint share. Internal to wire; the entry is pack_lint in wire/pack_lint.h. */
#ifndef WIRE_PACK_LINT_PARTS_H
#define WIRE_PACK_LINT_PARTS_H

#include "core/org/org.h"
#include "wire/pack_lint.h"

/* What a run is about, and where its findings go. */
struct lint_run {
    const struct pack *pack;
    const struct org *org; /* NULL: none is known */
    struct arena *arena;
    pack_found_fn found;
    void *ctx;
};

/* Tells a finding at the place of the node. */
void lint_tell(const struct lint_run *run, enum pack_finding_kind kind, const struct yaml_node *at,
               struct str what, struct str other);

/* The value of the key; NULL: the node is no mapping or has no such key. */
const struct yaml_node *lint_member(const struct yaml_node *node, const char *key);

/* The scalar's text, empty for NULL. */
struct str lint_text(const struct yaml_node *node);

/* Policies of one file under policies/: what no case ever comes to, and what ends without anybody. ERR_MEMORY. */
SW_NODISCARD int lint_policies(const struct lint_run *run, const struct yaml_node *root);

#endif
