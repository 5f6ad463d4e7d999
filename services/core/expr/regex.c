#include "core/expr/regex.h"

#include <string.h>

#include "base/assert.h"
#include "core/expr/regex_inside.h"
#include "core/expr/utf8.h"

enum state_kind { STATE_ONE, STATE_CLASS, STATE_PLACE, STATE_FORK, STATE_JUMP, STATE_MATCH };

struct state {
    enum state_kind kind;
    uint32_t
        value; /* of ONE the code point; of PLACE the condition; of FORK and JUMP where to; of CLASS how many ranges */
    const struct regex_range *ranges;
};

struct regex {
    struct state *states;
    size_t count;
    size_t capacity;
    uint64_t starts[4]; /* the low byte of what a match may begin with: most places need no look */
};

/* --- Making ---------------------------------------------------------------------------------------------------------- */

struct maker {
    struct regex *regex;
    struct arena *arena;
    struct regex_error *error;
};

static int make(struct maker *maker, const struct regex_node *node);

static int add(struct maker *maker, struct state state, size_t *ret_at)
{
    struct regex *regex = maker->regex;
    if (regex->count == REGEX_STATES_MAX) {
        maker->error->fault = "its repetitions make it too large";
        return ERR_INVALID;
    }
    struct state *states = arena_grow_array(maker->arena, regex->states, regex->count,
                                            &regex->capacity, sizeof(*states));
    if (states == NULL) {
        return ERR_MEMORY;
    }
    regex->states = states;
    if (ret_at != NULL) {
        *ret_at = regex->count;
    }
    states[regex->count++] = state;
    return 0;
}

/* The state at `at` leads to the next one that is added. */
static void land(struct maker *maker, size_t at)
{
    maker->regex->states[at].value = (uint32_t)maker->regex->count;
}

static int make_one(struct maker *maker, const struct regex_class *class)
{
    bool is_single = class->count == 1 && class->ranges[0].from == class->ranges[0].to;
    return add(maker,
               is_single ? (struct state){STATE_ONE, class->ranges[0].from, NULL}
                         : (struct state){STATE_CLASS, (uint32_t) class->count, class->ranges},
               NULL);
}

static int make_row(struct maker *maker, const struct regex_node *node)
{
    int error = 0;
    for (const struct regex_node *child = node->first; child != NULL && error == 0;
         child = child->next) {
        error = make(maker, child);
    }
    return error;
}

/* fork to the next, one, jump to the end: the jumps are chained through their targets until the end is known. */
static int make_choice(struct maker *maker, const struct regex_node *node)
{
    size_t chain = SIZE_MAX;
    int error = 0;
    for (const struct regex_node *child = node->first; child != NULL && error == 0;
         child = child->next) {
        size_t fork = 0;
        size_t jump = 0;
        if (child->next == NULL) {
            error = make(maker, child);
            break;
        }
        error = add(maker, (struct state){STATE_FORK, 0, NULL}, &fork);
        error = error != 0 ? error : make(maker, child);
        const struct state leaving = {STATE_JUMP, (uint32_t)chain, NULL};
        error = error != 0 ? error : add(maker, leaving, &jump);
        if (error == 0) {
            land(maker, fork);
            chain = jump;
        }
    }
    while (error == 0 && chain != SIZE_MAX) {
        uint32_t before = maker->regex->states[chain].value;
        land(maker, chain);
        chain = before == UINT32_MAX ? SIZE_MAX : before;
    }
    return error;
}

/* Without end: back to the start, as often as it matches. */
static int make_endless(struct maker *maker, const struct regex_node *child)
{
    size_t fork = 0;
    int error = add(maker, (struct state){STATE_FORK, 0, NULL}, &fork);
    error = error != 0 ? error : make(maker, child);
    const struct state back = {STATE_JUMP, (uint32_t)fork, NULL};
    error = error != 0 ? error : add(maker, back, NULL);
    if (error == 0) {
        land(maker, fork);
    }
    return error;
}

static int make_repeat(struct maker *maker, const struct regex_node *node)
{
    int error = 0;
    size_t chain = SIZE_MAX; /* forks to the end */
    for (uint32_t i = 0; i < node->min && error == 0; i++) {
        size_t count = maker->regex->count;
        error = make(maker, node->first);
        if (count == maker->regex->count) {
            break; /* nothing, however often */
        }
    }
    if (node->max == UINT32_MAX) {
        return error != 0 ? error : make_endless(maker, node->first);
    }
    for (uint32_t i = node->min; i < node->max && error == 0; i++) {
        size_t fork = 0;
        error = add(maker, (struct state){STATE_FORK, (uint32_t)chain, NULL}, &fork);
        error = error != 0 ? error : make(maker, node->first);
        chain = error != 0 ? chain : fork;
    }
    while (error == 0 && chain != SIZE_MAX) {
        uint32_t before = maker->regex->states[chain].value;
        land(maker, chain);
        chain = before == UINT32_MAX ? SIZE_MAX : before;
    }
    return error;
}

static int make(struct maker *maker, const struct regex_node *node)
{
    switch (node->kind) {
    case REGEX_ONE:
        return make_one(maker, &node->class);
    case REGEX_PLACE:
        return add(maker, (struct state){STATE_PLACE, node->place, NULL}, NULL);
    case REGEX_ROW:
        return make_row(maker, node);
    case REGEX_CHOICE:
        return make_choice(maker, node);
    case REGEX_REPEAT:
        return make_repeat(maker, node);
    }
    sw_assert(!"a kind of node");
    return ERR_INVALID;
}

/* Notes what a range of code points begins with; from 256 on all low bytes occur. */
static void note_range(struct regex *regex, uint32_t from, uint32_t to)
{
    uint32_t count = to - from < 255 ? to - from : 255;
    for (uint32_t i = 0; i <= count; i++) {
        uint32_t low = (from + i) & 0xFF;
        regex->starts[low / 64] |= UINT64_C(1) << low % 64;
    }
}

/* What a state takes is noted, or what follows it, if it takes nothing, put on the stack. */
static void note_state(struct regex *regex, uint32_t at, uint32_t *stack, size_t *depth)
{
    const struct state *state = &regex->states[at];
    switch (state->kind) {
    case STATE_ONE:
        note_range(regex, state->value, state->value);
        return;
    case STATE_CLASS:
        for (uint32_t i = 0; i < state->value; i++) {
            note_range(regex, state->ranges[i].from, state->ranges[i].to);
        }
        return;
    case STATE_MATCH: /* may be empty: at every place */
        note_range(regex, 0, REGEX_CODE_MAX);
        return;
    case STATE_FORK:
        stack[(*depth)++] = at + 1;
        stack[(*depth)++] = state->value;
        return;
    case STATE_PLACE:
        stack[(*depth)++] = at + 1;
        return;
    case STATE_JUMP:
        stack[(*depth)++] = state->value;
        return;
    }
}

static int find_starts(struct regex *regex, struct arena *arena)
{
    uint32_t *stack = arena_alloc_array(arena, 2 * regex->count + 2, sizeof(*stack));
    bool *seen = arena_alloc_array(arena, regex->count, sizeof(*seen));
    size_t depth = 0;
    if (stack == NULL || seen == NULL) {
        return ERR_MEMORY;
    }
    stack[depth++] = 0;
    while (depth > 0) {
        uint32_t at = stack[--depth];
        if (!seen[at]) {
            seen[at] = true;
            note_state(regex, at, stack, &depth);
        }
    }
    return 0;
}

int regex_compile(struct str pattern, struct arena *arena, const char **ret_fault, size_t *ret_at,
                  const struct regex **ret_regex)
{
    struct regex_error fault = {NULL, 0};
    struct regex_node *root = NULL;
    struct regex *regex = arena_alloc(arena, sizeof(*regex));
    struct maker maker = {regex, arena, &fault};
    int error = regex == NULL ? ERR_MEMORY : regex_parse(pattern, arena, &fault, &root);
    error = error != 0 ? error : make(&maker, root);
    error = error != 0 ? error : add(&maker, (struct state){STATE_MATCH, 0, NULL}, NULL);
    error = error != 0 ? error : find_starts(regex, arena);
    if (error == ERR_INVALID) {
        *ret_fault = fault.fault;
        *ret_at = fault.at;
    } else if (error == 0) {
        *ret_regex = regex;
    }
    return error;
}

/* --- Matching -------------------------------------------------------------------------------------------------------- */

/* States, each once, in the order they came: `places` says where in `states`, whatever it held before. */
struct set {
    uint32_t *states;
    uint32_t *places;
    size_t count;
};

struct matcher {
    const struct regex *regex;
    struct set now; /* at the place between two code points */
    uint32_t *next; /* reached by the code point, not yet followed */
    size_t next_count;
    uint32_t *stack;
    uint32_t conditions; /* that hold at the place */
    uint64_t visited;
};

static bool set_add(struct set *set, uint32_t state)
{
    uint32_t place = set->places[state];
    if (place < set->count && set->states[place] == state) {
        return false;
    }
    set->places[state] = (uint32_t)set->count;
    set->states[set->count++] = state;
    return true;
}

/* Follows what needs no code point; true: that leads to the match. */
static bool follow(struct matcher *matcher, uint32_t from)
{
    const struct state *states = matcher->regex->states;
    size_t depth = 0;
    if (set_add(&matcher->now, from)) {
        matcher->stack[depth++] = from;
    }
    while (depth > 0) {
        uint32_t at = matcher->stack[--depth];
        const struct state *state = &states[at];
        bool goes_on = state->kind == STATE_FORK ||
                       (state->kind == STATE_PLACE && (state->value & matcher->conditions) != 0);
        bool goes_away = state->kind == STATE_FORK || state->kind == STATE_JUMP;
        matcher->visited++;
        if (state->kind == STATE_MATCH) {
            return true;
        }
        if (goes_on && set_add(&matcher->now, at + 1)) {
            matcher->stack[depth++] = at + 1;
        }
        if (goes_away && set_add(&matcher->now, state->value)) {
            matcher->stack[depth++] = state->value;
        }
    }
    return false;
}

static bool takes(const struct state *state, uint32_t code)
{
    if (state->kind == STATE_ONE) {
        return state->value == code;
    }
    size_t low = 0;
    size_t high = state->kind == STATE_CLASS ? state->value : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code < state->ranges[middle].from) {
            high = middle;
        } else if (code > state->ranges[middle].to) {
            low = middle + 1;
        } else {
            return true;
        }
    }
    return false;
}

static void advance(struct matcher *matcher, uint32_t code)
{
    const struct state *states = matcher->regex->states;
    matcher->next_count = 0;
    for (size_t i = 0; i < matcher->now.count; i++) {
        uint32_t state = matcher->now.states[i];
        if (takes(&states[state], code)) {
            matcher->next[matcher->next_count++] = state + 1;
        }
    }
    matcher->visited += matcher->now.count;
}

static bool is_word(uint32_t code)
{
    return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
           (code >= 'a' && code <= 'z') || code == '_';
}

/* What holds between two code points; UINT32_MAX: the text's end. */
static uint32_t conditions_at(uint32_t before, uint32_t after)
{
    bool is_edge =
        (before != UINT32_MAX && is_word(before)) != (after != UINT32_MAX && is_word(after));
    uint32_t conditions = is_edge ? REGEX_WORD_EDGE : REGEX_NO_WORD_EDGE;
    conditions |= before == UINT32_MAX ? REGEX_TEXT_START : 0;
    conditions |= after == UINT32_MAX ? REGEX_TEXT_END : 0;
    conditions |= before == UINT32_MAX || before == '\n' ? REGEX_LINE_START : 0;
    conditions |= after == UINT32_MAX || after == '\n' ? REGEX_LINE_END : 0;
    return conditions;
}

/* Whether a match may begin before the code point; UINT32_MAX, the end, has the low byte that only a match of nothing has
 * for certain. */
static bool may_start(const struct regex *regex, uint32_t code)
{
    uint32_t low = code & 0xFF;
    return (regex->starts[low / 64] >> low % 64 & 1) != 0;
}

/* From the states that the code point before `code` led to, and from the start. */
static bool follow_all(struct matcher *matcher, uint32_t code)
{
    matcher->now.count = 0;
    for (size_t i = 0; i < matcher->next_count; i++) {
        if (follow(matcher, matcher->next[i])) {
            return true;
        }
    }
    return may_start(matcher->regex, code) && follow(matcher, 0);
}

static bool pay(struct matcher *matcher, uint64_t *cost)
{
    uint64_t due = matcher->visited / 16;
    matcher->visited -= due * 16;
    bool is_enough = *cost > due;
    *cost = is_enough ? *cost - due : 0;
    return is_enough;
}

int regex_match(const struct regex *regex, struct str text, struct arena *arena, uint64_t *cost,
                bool *ret_matches)
{
    enum { LISTS = 4 };
    uint32_t *room = arena_alloc_array(arena, LISTS * regex->count, sizeof(*room));
    if (room == NULL) {
        return ERR_MEMORY;
    }
    struct matcher matcher = {
        .regex = regex,
        .now = {room, room + regex->count, 0},
        .next = room + 2 * regex->count,
        .stack = room + 3 * regex->count,
        .visited = regex->count, /* for the room */
    };
    uint32_t before = UINT32_MAX;
    size_t at = 0;
    *ret_matches = false;
    while (pay(&matcher, cost)) {
        uint32_t code = UINT32_MAX;
        size_t next = at < text.len ? utf8_next(text, at, &code) : at;
        matcher.conditions = conditions_at(before, code);
        *ret_matches = follow_all(&matcher, code);
        if (*ret_matches || at == text.len) {
            return 0;
        }
        advance(&matcher, code);
        before = code;
        at = next;
    }
    return 0;
}
