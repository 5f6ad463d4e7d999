/* What the parts of the checker share. Private to core/expr. */
#ifndef CORE_EXPR_CHECK_H
#define CORE_EXPR_CHECK_H

#include "core/expr/machine.h"
#include "core/expr/near.h"

enum { CHECK_TYPE_TEXT_BYTES = 64 };

/* Locals of macros around a place, the innermost first. */
struct scope {
    const struct scope *outer;
    size_t frame;
    struct str names[2];
    struct expr_type types[2];
};

struct checker {
    const struct expr_env *env;
    struct arena *arena;
    struct expr_report *report;
    struct expr *expr;
    const struct scope *scope;
};

extern const struct expr_type check_dyn;

struct expr_type check_simple(enum expr_kind kind);

/* Of a list, an optional or a map's values, and of a map's keys. */
const struct expr_type *check_element(const struct expr_type *type);
const struct expr_type *check_key(const struct expr_type *type);

/* Whether values of both may be of one type; whether it is the same type; whether it is, or may be, of the kind. */
bool check_agree(const struct expr_type *a, const struct expr_type *b);
bool check_same(const struct expr_type *a, const struct expr_type *b);
bool check_is(const struct expr_type *type, enum expr_kind kind);

/* A copy that lives as long as the tree. */
SW_NODISCARD int check_keep(struct checker *checker, const struct expr_type *type,
                            const struct expr_type **ret_type);

/* The kind of `kind` with this element. */
SW_NODISCARD int check_make(struct checker *checker, enum expr_kind kind,
                            const struct expr_type *element, struct expr_type *ret_type);

/* A wrong type: an error; in an unchecked expression the node's type is not known. */
SW_NODISCARD int check_fail_type(struct checker *checker, struct node *node, const char *format,
                                 ...) __attribute__((format(printf, 3, 4)));

/* An unknown name, and the nearest known one: an error; in an unchecked expression the node becomes a fault. */
SW_NODISCARD int check_fail_name(struct checker *checker, struct node *node, const char *what,
                                 const struct near *near);

/* The types of a node and all below it. ERR_INVALID, ERR_MEMORY. */
SW_NODISCARD int check_node(struct checker *checker, struct node *node);
SW_NODISCARD int check_nodes(struct checker *checker, struct node *node);
SW_NODISCARD int check_call(struct checker *checker, struct node *node);

/* Whether a local of that name is in sight. */
bool check_is_local(const struct checker *checker, struct str name);

/* Offers the names of all macros. */
void macro_offer(struct near *near);

#endif
