/* What triage waits for, unit by unit: the times by which something is expected, signals that are kept back until they are
 * plausible, and questions that nobody has answered. One timer per unit; what becomes due is decided by expect.c and
 * plausible.c.
 *
 * Entities of triage's changelog:
 *     <unit>/clock/<expectation>   up to when it was judged
 *     <unit>/held/<32 hex>         a signal kept back, or a roll that says how many are absent
 *     <unit>/doubt/<scope>         a question about "u" (the school) or "c:<class>", open or answered */
#ifndef CORE_RULES_WATCH_H
#define CORE_RULES_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "base/wheel.h"
#include "core/rules/ruleset.h"

enum {
    WATCH_UNITS_MAX = 1024 * 1024, /* of one partition */
    WATCH_HELD_MAX = 4096,  /* of one unit; a further signal is not kept back, which is counted */
    WATCH_DOUBTS_MAX = 512, /* of one unit; likewise */
    WATCH_ASKED_MAX = 8,    /* signals of one question that are remembered, the oldest out */
    WATCH_KEY_MAX_BYTES = 192,
};

struct clock_state {
    int64_t judged_ms; /* deadlines up to here are done */
    int64_t since_ms;  /* it counts from then; 0: not known */
};

/* A signal of one pupil (`weight` 1) or about a class (0), or a roll of a class or school without one (`bytes` empty). */
struct held_state {
    int64_t due_ms;   /* judged as a whole at the latest then */
    struct str group; /* class; empty: the school */
    struct str subject;
    int64_t weight;   /* pupils absent */
    int64_t size;     /* of how many; 0: the directory knows */
    struct str bytes; /* the encoded signal, opaque here */
};

struct doubt_state {
    int64_t asked_ms;                      /* 0: no question is open */
    struct ident signals[WATCH_ASKED_MAX]; /* that asked, newest last: by them the case is known */
    size_t signal_count;
};

struct held {
    struct list list; /* of its unit, by due_ms, then key */
    struct str key;
    struct held_state state;
};

struct doubt {
    struct list list;
    struct str key;
    struct str scope; /* "u" or "c:<class>" */
    struct doubt_state state;
};

struct clock {
    struct str key;
    struct str expectation;
    struct clock_state state;
};

/* All that is waited for in one unit. */
struct watch_unit {
    struct str name;
    uint32_t index;
    struct clock *clocks[RULESET_EXPECTATIONS_MAX];
    size_t clock_count;
    struct list held;
    size_t held_count;
    struct list doubts;
    size_t doubt_count;
};

struct watch {
    struct map units;
    struct map held; /* by key */
    struct wheel *wheel;
    struct watch_unit **by_index;
    size_t count;
    size_t capacity;
};

/* Caller's storage. ERR_MEMORY. */
SW_NODISCARD int watch_init(struct watch *watch, uint64_t seed);
void watch_fini(struct watch *watch);

enum watch_kind { WATCH_CLOCK, WATCH_HELD, WATCH_DOUBT };

/* Whether a key is one of these; its unit and its last part. */
bool watch_parse_key(struct str key, enum watch_kind *ret_kind, struct str *ret_unit,
                     struct str *ret_name);

/* The key of an entity, with a NUL; kind and name as above. */
struct str watch_key(struct str unit, enum watch_kind kind, struct str name,
                     char ret_text[WATCH_KEY_MAX_BYTES]);

/* The unit, or NULL; watch_get_unit makes it where it is not there (NULL: memory is out). */
struct watch_unit *watch_find_unit(const struct watch *watch, struct str unit);
struct watch_unit *watch_get_unit(struct watch *watch, struct str unit);

/* What is under a key; NULL: nothing. Valid until it changes. */
const struct clock *watch_find_clock(const struct watch_unit *unit, struct str expectation);
const struct held *watch_find_held(const struct watch *watch, struct str key);
const struct doubt *watch_find_doubt(const struct watch_unit *unit, struct str scope);

/* Puts an entity there, copied, or takes it away (`state` NULL). ERR_INVALID: no such key; ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int watch_put_clock(struct watch *watch, struct str key,
                                 const struct clock_state *state);
SW_NODISCARD int watch_put_held(struct watch *watch, struct str key,
                                const struct held_state *state);
SW_NODISCARD int watch_put_doubt(struct watch *watch, struct str key,
                                 const struct doubt_state *state);

/* Sets the unit's timer; WHEEL_NEVER: none. ERR_MEMORY, ERR_FULL. */
SW_NODISCARD int watch_arm(struct watch *watch, const struct watch_unit *unit, int64_t due_ms);

/* Takes out the unit whose timer is the earliest due by `now_ms`; NULL: none. */
struct watch_unit *watch_expire(struct watch *watch, int64_t now_ms, int64_t *ret_due_ms);

#endif
