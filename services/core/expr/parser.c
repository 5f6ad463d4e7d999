/* CEL's grammar, by recursive descent: one function for what nests, precedence climbing for the binary operators. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/expr/lexer.h"
#include "core/expr/node.h"

enum { CHILDREN_MAX = 1000 /* of one call, list or map */ };

struct parser {
    struct lexer lexer;
    struct arena *arena;
    uint32_t nesting;
    size_t node_count;
};

/* Children while they are read. */
struct link {
    struct node *node;
    struct link *next;
};

struct children {
    struct link *first;
    struct link **end;
    size_t count;
};

static int parse_expression(struct parser *parser, struct node **ret_node);

/* --- Tokens ---------------------------------------------------------------------------------------------------------- */

static bool is_symbol(const struct parser *parser, const char *symbol)
{
    const struct token *token = &parser->lexer.token;
    return token->kind == TOKEN_SYMBOL && str_is(token->text, symbol);
}

/* Takes the symbol if it is there. */
static int accept(struct parser *parser, const char *symbol, bool *ret_taken)
{
    *ret_taken = is_symbol(parser, symbol);
    return *ret_taken ? lexer_next(&parser->lexer) : 0;
}

static int fail_expected(struct parser *parser, const char *what)
{
    char text[EXPR_ERROR_MAX_BYTES];
    const struct token *token = &parser->lexer.token;
    if (token->kind == TOKEN_END) {
        (void)snprintf(text, sizeof(text), "expected %s, found the end", what);
    } else if (token->text.len > 0 && token->text.len < 40) {
        (void)snprintf(text, sizeof(text), "expected %s, found \"%.*s\"", what,
                       (int)token->text.len, token->text.at);
    } else {
        (void)snprintf(text, sizeof(text), "expected %s", what);
    }
    return lexer_fail(&parser->lexer, EXPR_ERROR_SYNTAX, text);
}

static int expect(struct parser *parser, const char *symbol)
{
    char what[8];
    if (is_symbol(parser, symbol)) {
        return lexer_next(&parser->lexer);
    }
    (void)snprintf(what, sizeof(what), "\"%s\"", symbol);
    return fail_expected(parser, what);
}

/* --- Nodes ----------------------------------------------------------------------------------------------------------- */

static int new_node(struct parser *parser, enum node_kind kind, const struct token *at,
                    struct node **ret_node)
{
    if (++parser->node_count > EXPR_NODES_MAX) {
        return lexer_fail(&parser->lexer, EXPR_ERROR_BOUND, "the expression is too long");
    }
    struct node *node = arena_alloc(parser->arena, sizeof(*node));
    if (node == NULL) {
        return ERR_MEMORY;
    }
    *node = (struct node){.kind = kind, .line = at->line, .column = at->column, .depth = 1};
    *ret_node = node;
    return 0;
}

/* Gives `parent` its children and its depth. */
static int adopt(struct parser *parser, struct node *parent, struct node *const *nodes,
                 size_t count)
{
    parent->nodes = arena_alloc_array(parser->arena, count, sizeof(struct node *));
    if (parent->nodes == NULL) {
        return ERR_MEMORY;
    }
    parent->node_count = count;
    for (size_t i = 0; i < count; i++) {
        parent->nodes[i] = nodes[i];
        if (nodes[i]->depth >= parent->depth) {
            parent->depth = nodes[i]->depth + 1;
        }
    }
    if (parent->depth > EXPR_DEPTH_MAX) {
        return expr_fail(parser->lexer.report, EXPR_ERROR_BOUND, parent, "nested more than %d deep",
                         EXPR_DEPTH_MAX);
    }
    return 0;
}

static int new_call(struct parser *parser, enum expr_op op, const struct token *at,
                    struct node **ret_node)
{
    int error = new_node(parser, NODE_CALL, at, ret_node);
    if (error == 0) {
        (*ret_node)->op = op;
    }
    return error;
}

static void children_init(struct children *children)
{
    children->first = NULL;
    children->end = &children->first;
    children->count = 0;
}

static int children_add(struct parser *parser, struct children *children, struct node *node)
{
    struct link *link = arena_alloc(parser->arena, sizeof(*link));
    if (link == NULL) {
        return ERR_MEMORY;
    }
    if (children->count == CHILDREN_MAX) {
        return lexer_fail(&parser->lexer, EXPR_ERROR_BOUND, "too many elements");
    }
    link->node = node;
    *children->end = link;
    children->end = &link->next;
    children->count++;
    return 0;
}

static int adopt_children(struct parser *parser, struct node *parent,
                          const struct children *children)
{
    struct node **nodes = arena_alloc_array(parser->arena, children->count, sizeof(*nodes));
    size_t i = 0;
    if (nodes == NULL) {
        return ERR_MEMORY;
    }
    for (const struct link *link = children->first; link != NULL; link = link->next) {
        nodes[i++] = link->node;
    }
    return adopt(parser, parent, nodes, i);
}

/* --- Primary expressions --------------------------------------------------------------------------------------------- */

/* An expression; of a list or map, maybe with a question mark before it. */
static int parse_element(struct parser *parser, bool may_be_maybe, struct children *children)
{
    struct node *node = NULL;
    bool is_maybe = false;
    int error = may_be_maybe ? accept(parser, "?", &is_maybe) : 0;
    error = error != 0 ? error : parse_expression(parser, &node);
    if (error == 0) {
        node->is_maybe = is_maybe;
        error = children_add(parser, children, node);
    }
    return error;
}

/* Elements up to `close`, which is taken. A comma may stand behind the last one where `trailing`. */
static int parse_elements(struct parser *parser, const char *close, bool is_map, bool trailing,
                          struct children *children)
{
    bool is_done = false;
    bool has_comma = true;
    int error = accept(parser, close, &is_done);
    while (error == 0 && !is_done) {
        if (!has_comma) {
            return fail_expected(parser, close[0] == ')' ? "\",\" or \")\"" : "\",\" or the end");
        }
        error = parse_element(parser, trailing, children);
        if (error == 0 && is_map) {
            error = expect(parser, ":");
            error = error != 0 ? error : parse_element(parser, false, children);
        }
        error = error != 0 ? error : accept(parser, ",", &has_comma);
        if (error == 0 && (trailing || !has_comma)) {
            error = accept(parser, close, &is_done);
        }
    }
    return error;
}

static int parse_collection(struct parser *parser, enum node_kind kind, const char *close,
                            struct node **ret_node)
{
    struct children children;
    children_init(&children);
    struct token at = parser->lexer.token;
    int error = new_node(parser, kind, &at, ret_node);
    error = error != 0 ? error : lexer_next(&parser->lexer);
    error = error != 0 ? error : parse_elements(parser, close, kind == NODE_MAP, true, &children);
    return error != 0 ? error : adopt_children(parser, *ret_node, &children);
}

/* The arguments of a call whose "(" is the current token; `receiver` may be NULL. */
static int parse_call(struct parser *parser, const struct token *name, struct node *receiver,
                      struct node **ret_node)
{
    struct children children;
    children_init(&children);
    struct node *call = NULL;
    int error = new_call(parser, EXPR_OP_UNKNOWN, name, &call);
    if (error == 0 && receiver != NULL) {
        call->is_member = true;
        error = children_add(parser, &children, receiver);
    }
    error = error != 0 ? error : lexer_next(&parser->lexer);
    error = error != 0 ? error : parse_elements(parser, ")", false, false, &children);
    error = error != 0 ? error : adopt_children(parser, call, &children);
    if (error != 0) {
        return error;
    }
    call->name = name->text;
    *ret_node = call;
    return macro_expand(call, parser->lexer.report);
}

static int parse_name(struct parser *parser, struct node **ret_node)
{
    bool has_dot = false;
    int error = accept(parser, ".", &has_dot); /* from the root, not the container */
    struct token name = parser->lexer.token;
    if (error != 0) {
        return error;
    }
    if (name.kind == TOKEN_RESERVED) {
        return lexer_fail(&parser->lexer, EXPR_ERROR_SYNTAX, "a reserved word cannot be a name");
    }
    if (name.kind != TOKEN_NAME) {
        return fail_expected(parser, has_dot ? "a name" : "an expression");
    }
    error = lexer_next(&parser->lexer);
    if (error == 0 && is_symbol(parser, "(")) {
        return parse_call(parser, &name, NULL, ret_node);
    }
    error = error != 0 ? error : new_node(parser, NODE_NAME, &name, ret_node);
    if (error == 0) {
        (*ret_node)->name = name.text;
        (*ret_node)->is_rooted = has_dot;
    }
    return error;
}

static int parse_literal(struct parser *parser, bool is_negative, struct node **ret_node)
{
    struct token token = parser->lexer.token;
    const uint64_t int_max = (uint64_t)INT64_MAX;
    int error = new_node(parser, NODE_LITERAL, &token, ret_node);
    if (error != 0) {
        return error;
    }
    struct expr_value value = token.value;
    if (token.kind == TOKEN_INT) {
        if (token.magnitude > int_max + (is_negative ? 1 : 0)) {
            return lexer_fail(&parser->lexer, EXPR_ERROR_SYNTAX, "the number is out of range");
        }
        value =
            expr_int(is_negative ? -(int64_t)(token.magnitude - 1) - 1 : (int64_t)token.magnitude);
    } else if (is_negative) {
        value.real = -value.real;
    }
    (*ret_node)->literal = value;
    return lexer_next(&parser->lexer);
}

static int parse_primary(struct parser *parser, struct node **ret_node)
{
    enum token_kind kind = parser->lexer.token.kind;
    if (kind == TOKEN_INT || kind == TOKEN_VALUE) {
        return parse_literal(parser, false, ret_node);
    }
    if (is_symbol(parser, "[")) {
        return parse_collection(parser, NODE_LIST, "]", ret_node);
    }
    if (is_symbol(parser, "{")) {
        return parse_collection(parser, NODE_MAP, "}", ret_node);
    }
    bool has_bracket = false;
    int error = accept(parser, "(", &has_bracket);
    if (error != 0 || !has_bracket) {
        return error != 0 ? error : parse_name(parser, ret_node);
    }
    error = parse_expression(parser, ret_node);
    return error != 0 ? error : expect(parser, ")");
}

/* --- Members, operators ---------------------------------------------------------------------------------------------- */

static int parse_select(struct parser *parser, struct node *operand, struct node **ret_node)
{
    bool is_optional = false;
    int error = accept(parser, "?", &is_optional);
    struct token name = parser->lexer.token;
    if (error != 0) {
        return error;
    }
    bool is_word = name.kind == TOKEN_NAME || name.kind == TOKEN_RESERVED;
    if (!is_word && name.kind != TOKEN_QUOTED_NAME) {
        return fail_expected(parser, "the name of a field or function");
    }
    error = lexer_next(&parser->lexer);
    if (error == 0 && is_symbol(parser, "(") && is_word && !is_optional) {
        return parse_call(parser, &name, operand, ret_node);
    }
    struct node *select = NULL;
    error = error != 0 ? error : new_node(parser, NODE_SELECT, &name, &select);
    error = error != 0 ? error : adopt(parser, select, &operand, 1);
    if (error == 0) {
        select->name = name.text;
        select->is_optional = is_optional;
        select->is_quoted = !is_word;
        *ret_node = select;
    }
    return error;
}

static int parse_index(struct parser *parser, const struct token *at, struct node *operand,
                       struct node **ret_node)
{
    struct node *call = NULL;
    struct node *nodes[2] = {operand, NULL};
    bool is_optional = false;
    int error = accept(parser, "?", &is_optional);
    error = error != 0 ? error : parse_expression(parser, &nodes[1]);
    error = error != 0 ? error : expect(parser, "]");
    error = error != 0 ? error : new_call(parser, EXPR_OP_INDEX, at, &call);
    error = error != 0 ? error : adopt(parser, call, nodes, 2);
    if (error == 0) {
        call->is_optional = is_optional;
        *ret_node = call;
    }
    return error;
}

static int parse_member(struct parser *parser, struct node **ret_node)
{
    int error = parse_primary(parser, ret_node);
    while (error == 0) {
        struct token at = parser->lexer.token;
        bool is_taken = false;
        bool is_name = (*ret_node)->kind == NODE_NAME || (*ret_node)->kind == NODE_SELECT;
        if (is_name && is_symbol(parser, "{")) {
            return lexer_fail(&parser->lexer, EXPR_ERROR_UNSUPPORTED,
                              "left out: construction of messages");
        }
        error = accept(parser, ".", &is_taken);
        if (error == 0 && is_taken) {
            error = parse_select(parser, *ret_node, ret_node);
            continue;
        }
        error = error != 0 ? error : accept(parser, "[", &is_taken);
        if (error != 0 || !is_taken) {
            break;
        }
        error = parse_index(parser, &at, *ret_node, ret_node);
    }
    return error;
}

/* Operators before an operand; a minus right before a number belongs to it, so that the smallest int can be written. */
static int parse_unary(struct parser *parser, struct node **ret_node)
{
    struct token token = parser->lexer.token;
    bool is_not = is_symbol(parser, "!");
    if (!is_not && !is_symbol(parser, "-")) {
        return parse_member(parser, ret_node);
    }
    if (++parser->nesting > EXPR_DEPTH_MAX) {
        return lexer_fail(&parser->lexer, EXPR_ERROR_BOUND, "nested too deeply");
    }
    int error = lexer_next(&parser->lexer);
    const struct token *next = &parser->lexer.token;
    bool is_number =
        next->kind == TOKEN_INT || (next->kind == TOKEN_VALUE && next->value.kind == EXPR_DOUBLE);
    if (error == 0 && !is_not && is_number) {
        parser->nesting--;
        return parse_literal(parser, true, ret_node);
    }
    struct node *operand = NULL;
    struct node *call = NULL;
    error = error != 0 ? error : parse_unary(parser, &operand);
    error =
        error != 0 ? error : new_call(parser, is_not ? EXPR_OP_NOT : EXPR_OP_NEGATE, &token, &call);
    error = error != 0 ? error : adopt(parser, call, &operand, 1);
    if (error == 0) {
        *ret_node = call;
    }
    parser->nesting--;
    return error;
}

struct binary {
    const char *symbol;
    int precedence;
    enum expr_op op;
};

static const struct binary *find_binary(const struct parser *parser)
{
    static const struct binary binaries[] = {
        {"||", 1, EXPR_OP_OR},      {"&&", 2, EXPR_OP_AND},
        {"==", 3, EXPR_OP_EQUAL},   {"!=", 3, EXPR_OP_NOT_EQUAL},
        {"<", 3, EXPR_OP_LESS},     {"<=", 3, EXPR_OP_LESS_EQUAL},
        {">", 3, EXPR_OP_GREATER},  {">=", 3, EXPR_OP_GREATER_EQUAL},
        {"in", 3, EXPR_OP_IN},      {"+", 4, EXPR_OP_ADD},
        {"-", 4, EXPR_OP_SUBTRACT}, {"*", 5, EXPR_OP_MULTIPLY},
        {"/", 5, EXPR_OP_DIVIDE},   {"%", 5, EXPR_OP_MODULO},
    };
    const struct token *token = &parser->lexer.token;
    if (token->kind != TOKEN_SYMBOL && token->kind != TOKEN_IN) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(binaries) / sizeof(binaries[0]); i++) {
        if (str_is(token->text, binaries[i].symbol)) {
            return &binaries[i];
        }
    }
    return NULL;
}

static int parse_binary(struct parser *parser, int precedence_min, struct node **ret_node)
{
    int error = parse_unary(parser, ret_node);
    for (;;) {
        const struct binary *binary = error == 0 ? find_binary(parser) : NULL;
        if (binary == NULL || binary->precedence < precedence_min) {
            return error;
        }
        struct token at = parser->lexer.token;
        struct node *call = NULL;
        struct node *nodes[2] = {*ret_node, NULL};
        error = lexer_next(&parser->lexer);
        error = error != 0 ? error : parse_binary(parser, binary->precedence + 1, &nodes[1]);
        error = error != 0 ? error : new_call(parser, binary->op, &at, &call);
        error = error != 0 ? error : adopt(parser, call, nodes, 2);
        if (error == 0) {
            *ret_node = call;
        }
    }
}

static int parse_condition(struct parser *parser, struct node **ret_node)
{
    bool has_choice = false;
    struct token at = parser->lexer.token;
    struct node *call = NULL;
    struct node *nodes[3] = {*ret_node, NULL, NULL};
    int error = accept(parser, "?", &has_choice);
    if (error != 0 || !has_choice) {
        return error;
    }
    error = parse_binary(parser, 1, &nodes[1]);
    error = error != 0 ? error : expect(parser, ":");
    error = error != 0 ? error : parse_expression(parser, &nodes[2]);
    error = error != 0 ? error : new_call(parser, EXPR_OP_CONDITION, &at, &call);
    error = error != 0 ? error : adopt(parser, call, nodes, 3);
    if (error == 0) {
        *ret_node = call;
    }
    return error;
}

static int parse_expression(struct parser *parser, struct node **ret_node)
{
    if (++parser->nesting > EXPR_DEPTH_MAX) {
        return lexer_fail(&parser->lexer, EXPR_ERROR_BOUND, "nested too deeply");
    }
    int error = parse_binary(parser, 1, ret_node);
    error = error != 0 ? error : parse_condition(parser, ret_node);
    parser->nesting--;
    return error;
}

int expr_parse(struct str source, struct arena *arena, struct expr_report *report,
               struct node **ret_root)
{
    struct parser parser = {
        .lexer = {.source = source, .arena = arena, .report = report},
        .arena = arena,
    };
    struct node *root = NULL;
    int error = lexer_start(&parser.lexer);
    error = error != 0 ? error : parse_expression(&parser, &root);
    if (error == 0 && parser.lexer.token.kind != TOKEN_END) {
        error = fail_expected(&parser, "an operator or the end");
    }
    if (error == 0) {
        sw_assert(root != NULL && root->depth <= EXPR_DEPTH_MAX);
        *ret_root = root;
    }
    return error;
}
