/* A condition is taken apart into conjunctions, one for each way through its `||`; it can hold when one of them is without a
 * contradiction. Recursion is bounded by the tree's depth, and the number of ways by a budget: beyond it the answer is "may". */
#include "core/expr/holds.h"

#include <string.h>

#include "core/expr/machine.h"
#include "core/expr/node.h"

enum { TERMS_MAX = 64, PENDING_MAX = 256, WAYS_MAX = 4096 };

/* `path` compared with one literal; of IN, with a list of them. */
struct term {
    const struct node *path;
    enum expr_op op;
    const struct node *literal;
};

/* A part of the condition that must hold, or, negated, must not. */
struct part {
    const struct node *node;
    bool is_negated;
};

struct way {
    struct part pending[PENDING_MAX];
    size_t pending_count;
    struct term terms[TERMS_MAX];
    size_t term_count;
};

struct search {
    struct holds_given given;
    struct arena *arena;
    size_t ways; /* tried so far */
    int error;
};

/* --- The same tree --------------------------------------------------------------------------------------------------- */

static bool same_literal(const struct node *a, const struct node *b)
{
    uint64_t cost = 1000;
    return a->literal.kind == b->literal.kind && expr_equal(&a->literal, &b->literal, &cost);
}

static bool same_node(const struct node *a, const struct node *b)
{
    bool is_same = a->kind == b->kind && a->op == b->op && a->fold == b->fold &&
                   a->bind == b->bind && a->is_test == b->is_test &&
                   a->is_optional == b->is_optional && a->is_maybe == b->is_maybe &&
                   a->node_count == b->node_count && str_equal(a->name, b->name) &&
                   str_equal(a->locals[0], b->locals[0]) && str_equal(a->locals[1], b->locals[1]);
    is_same = is_same && (a->kind != NODE_LITERAL || same_literal(a, b));
    for (size_t i = 0; is_same && i < a->node_count; i++) {
        is_same = same_node(a->nodes[i], b->nodes[i]);
    }
    return is_same;
}

/* A name with fields and literal indexes behind it. */
static bool is_path(const struct node *node)
{
    while (true) {
        if (node->kind == NODE_SELECT && !node->is_test && !node->is_optional) {
            node = node->nodes[0];
        } else if (node->kind == NODE_CALL && node->op == EXPR_OP_INDEX && !node->is_optional &&
                   node->nodes[1]->kind == NODE_LITERAL) {
            node = node->nodes[0];
        } else {
            return node->kind == NODE_NAME;
        }
    }
}

/* --- Contradictions --------------------------------------------------------------------------------------------------- */

/* Whether a value may stand in the comparison; what gives an error is not judged. */
static bool fits(const struct expr_value *value, const struct term *term)
{
    uint64_t cost = 1000;
    if (term->op == EXPR_OP_IN) {
        bool is_there = false;
        for (size_t i = 0; i < term->literal->node_count; i++) {
            is_there = is_there || expr_equal(value, &term->literal->nodes[i]->literal, &cost);
        }
        return is_there;
    }
    if (term->op == EXPR_OP_EQUAL || term->op == EXPR_OP_NOT_EQUAL) {
        return expr_equal(value, &term->literal->literal, &cost) == (term->op == EXPR_OP_EQUAL);
    }
    struct expr_value answer = expr_operate_order(term->op, value, &term->literal->literal);
    return answer.kind != EXPR_BOOL || answer.boolean;
}

/* Whether some literal of a term that names all its values fits all terms of the same path. */
static bool any_fits(const struct way *way, const struct term *chooser)
{
    bool is_list = chooser->op == EXPR_OP_IN;
    size_t count = is_list ? chooser->literal->node_count : 1;
    for (size_t v = 0; v < count; v++) {
        const struct node *literal = is_list ? chooser->literal->nodes[v] : chooser->literal;
        bool fits_all = true;
        for (size_t i = 0; i < way->term_count && fits_all; i++) {
            fits_all = !same_node(way->terms[i].path, chooser->path) ||
                       fits(&literal->literal, &way->terms[i]);
        }
        if (fits_all) {
            return true;
        }
    }
    return false;
}

static bool is_lower(enum expr_op op)
{
    return op == EXPR_OP_GREATER || op == EXPR_OP_GREATER_EQUAL;
}

static bool is_upper(enum expr_op op)
{
    return op == EXPR_OP_LESS || op == EXPR_OP_LESS_EQUAL;
}

/* Nothing lies between the two bounds: above one that is more than the other, or both exclude what they share. */
static bool excludes(const struct term *lower, const struct term *upper)
{
    const struct expr_value *least = &lower->literal->literal;
    const struct expr_value *most = &upper->literal->literal;
    bool both_reach = lower->op == EXPR_OP_GREATER_EQUAL && upper->op == EXPR_OP_LESS_EQUAL;
    struct expr_value answer =
        expr_operate_order(both_reach ? EXPR_OP_GREATER : EXPR_OP_GREATER_EQUAL, least, most);
    return answer.kind == EXPR_BOOL && answer.boolean;
}

static bool contradicts(const struct way *way)
{
    for (size_t i = 0; i < way->term_count; i++) {
        const struct term *term = &way->terms[i];
        if ((term->op == EXPR_OP_EQUAL || term->op == EXPR_OP_IN) && !any_fits(way, term)) {
            return true;
        }
        for (size_t j = 0; j < way->term_count && is_lower(term->op); j++) {
            if (is_upper(way->terms[j].op) && same_node(way->terms[j].path, term->path) &&
                excludes(term, &way->terms[j])) {
                return true;
            }
        }
    }
    return false;
}

/* --- The terms of a way ----------------------------------------------------------------------------------------------- */

static enum expr_op turned(enum expr_op op)
{
    return op == EXPR_OP_LESS            ? EXPR_OP_GREATER
           : op == EXPR_OP_LESS_EQUAL    ? EXPR_OP_GREATER_EQUAL
           : op == EXPR_OP_GREATER       ? EXPR_OP_LESS
           : op == EXPR_OP_GREATER_EQUAL ? EXPR_OP_LESS_EQUAL
                                         : op;
}

static bool is_literal_list(const struct node *node)
{
    bool is_list = node->kind == NODE_LIST;
    for (size_t i = 0; is_list && i < node->node_count; i++) {
        is_list = node->nodes[i]->kind == NODE_LITERAL && !node->nodes[i]->is_maybe;
    }
    return is_list;
}

/* False: it is no such comparison. What is not less need not be more (NaN): only equal and unequal are turned round. */
static bool read_term(const struct part *part, struct term *ret_term)
{
    const struct node *node = part->node;
    bool is_equality = node->op == EXPR_OP_EQUAL || node->op == EXPR_OP_NOT_EQUAL;
    if (node->kind != NODE_CALL || node->node_count != 2 || (part->is_negated && !is_equality)) {
        return false;
    }
    const struct node *left = node->nodes[0];
    const struct node *right = node->nodes[1];
    if (node->op == EXPR_OP_IN) {
        *ret_term = (struct term){left, EXPR_OP_IN, right};
        return is_path(left) && is_literal_list(right);
    }
    bool is_turned = left->kind == NODE_LITERAL;
    enum expr_op op = is_turned ? turned(node->op) : node->op;
    if (part->is_negated) {
        op = op == EXPR_OP_EQUAL ? EXPR_OP_NOT_EQUAL : EXPR_OP_EQUAL;
    }
    *ret_term = (struct term){is_turned ? right : left, op, is_turned ? left : right};
    return (is_equality || is_lower(op) || is_upper(op)) && is_path(ret_term->path) &&
           ret_term->literal->kind == NODE_LITERAL;
}

static bool can_hold(struct search *search, struct way *way);

static bool push(struct way *way, const struct node *node, bool is_negated)
{
    if (way->pending_count == PENDING_MAX) {
        return false;
    }
    way->pending[way->pending_count++] = (struct part){node, is_negated};
    return true;
}

/* One way for each side. */
static bool can_hold_either(struct search *search, const struct way *way, const struct part *part)
{
    struct way *side = arena_alloc(search->arena, sizeof(*side));
    if (side == NULL) {
        search->error = ERR_MEMORY;
        return true;
    }
    for (size_t i = 0; i < part->node->node_count; i++) {
        *side = *way;
        if (!push(side, part->node->nodes[i], part->is_negated) || can_hold(search, side)) {
            return true;
        }
    }
    return false;
}

/* The texts of a path, where all are known, as if the condition asked for one of them. */
static bool is_word_given(const struct way *way, const struct holds_words *given,
                          bool *ret_has_terms)
{
    *ret_has_terms = false;
    for (size_t w = 0; w < given->count; w++) {
        const struct expr_value word = {.kind = EXPR_STRING, .text = given->words[w]};
        bool fits_all = true;
        for (size_t i = 0; i < way->term_count; i++) {
            const struct node *path = way->terms[i].path;
            bool is_its = path->kind == NODE_SELECT && path->nodes[0]->kind == NODE_NAME &&
                          given->path.len == path->nodes[0]->name.len + 1 + path->name.len &&
                          str_starts(given->path, path->nodes[0]->name) &&
                          memcmp(given->path.at + path->nodes[0]->name.len + 1, path->name.at,
                                 path->name.len) == 0;
            *ret_has_terms = *ret_has_terms || is_its;
            fits_all = fits_all && (!is_its || fits(&word, &way->terms[i]));
        }
        if (fits_all) {
            return true;
        }
    }
    return false;
}

static bool has_values(const struct search *search, const struct way *way)
{
    for (size_t i = 0; i < search->given.count; i++) {
        bool has_terms = false;
        if (!is_word_given(way, &search->given.items[i], &has_terms) && has_terms) {
            return false;
        }
    }
    return !contradicts(way);
}

static bool can_hold(struct search *search, struct way *way)
{
    while (way->pending_count > 0) {
        const struct part part = way->pending[--way->pending_count];
        const struct node *node = part.node;
        bool is_and = node->kind == NODE_CALL && node->op == EXPR_OP_AND;
        bool is_or = node->kind == NODE_CALL && node->op == EXPR_OP_OR;
        struct term term;
        if (++search->ways > WAYS_MAX || way->term_count == TERMS_MAX) {
            return true;
        }
        if (node->kind == NODE_LITERAL && node->literal.kind == EXPR_BOOL) {
            if (node->literal.boolean == part.is_negated) {
                return false;
            }
        } else if (node->kind == NODE_CALL && node->op == EXPR_OP_NOT) {
            if (!push(way, node->nodes[0], !part.is_negated)) {
                return true;
            }
        } else if ((is_and && !part.is_negated) || (is_or && part.is_negated)) {
            for (size_t i = 0; i < node->node_count; i++) {
                if (!push(way, node->nodes[i], part.is_negated)) {
                    return true;
                }
            }
        } else if (is_and || is_or) {
            return can_hold_either(search, way, &part);
        } else if (read_term(&part, &term)) {
            way->terms[way->term_count++] = term;
        }
    }
    return has_values(search, way);
}

/* --- The entries ------------------------------------------------------------------------------------------------------- */

/* NULL: it does not parse. ERR_MEMORY. */
static int parse(struct str source, struct arena *arena, struct node **ret_root)
{
    struct expr_error error;
    struct expr_report report = {.error = &error};
    *ret_root = NULL;
    int code = expr_parse(source, arena, &report, ret_root);
    return code == ERR_INVALID ? 0 : code;
}

int holds_never(struct str source, struct holds_given given, struct arena *arena,
                bool *ret_is_never)
{
    struct search search = {.given = given, .arena = arena};
    struct node *root = NULL;
    struct way *way = arena_alloc(arena, sizeof(*way));
    int error = way == NULL ? ERR_MEMORY : parse(source, arena, &root);
    if (error != 0) {
        return error;
    }
    bool may_hold = root == NULL || !push(way, root, false) || can_hold(&search, way);
    if (search.error == 0) {
        *ret_is_never = !may_hold;
    }
    return search.error;
}

int holds_same(struct str a, struct str b, struct arena *arena, bool *ret_is_same)
{
    struct node *first = NULL;
    struct node *second = NULL;
    int error = parse(a, arena, &first);
    error = error != 0 ? error : parse(b, arena, &second);
    if (error == 0) {
        *ret_is_same = first != NULL && second != NULL && same_node(first, second);
    }
    return error;
}
