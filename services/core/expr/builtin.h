/* The functions of op.def. Private to core/expr. */
#ifndef CORE_EXPR_BUILTIN_H
#define CORE_EXPR_BUILTIN_H

#include "core/expr/machine.h"

/* The value of a call, with arguments that are no errors, as many as one of its overloads takes. Their types are for the
 * function to look at: NO_OVERLOAD when they do not fit. */
typedef struct expr_value (*builtin_fn)(struct machine *machine, enum expr_op op,
                                        const struct expr_value *args, size_t count);

#define EXPR_OPERATOR(name, text)
#define EXPR_FUNCTION(name, text, overloads, builtin)                                              \
    struct expr_value builtin(struct machine *machine, enum expr_op op,                            \
                              const struct expr_value *args, size_t count);
#include "core/expr/op.def"
#undef EXPR_OPERATOR
#undef EXPR_FUNCTION

/* Whether the arguments are of these kinds, as many as there are letters, those of op.def. */
bool builtin_takes(const struct expr_value *args, size_t count, const char *kinds);

/* The part of a time that `op` gets, in the zone; NULL: UTC. */
int64_t time_part(enum expr_op op, struct expr_instant instant, const struct zone *zone);

/* "+08:00" and "UTC" as a zone of one offset, in `ret_offset`; false for every other text. */
bool time_fixed_zone(struct str text, struct zone_offset *ret_offset);

enum { TIME_TEXT_BYTES = 40 };

/* RFC 3339 in UTC, "2009-02-13T23:31:30.5Z"; seconds with a fraction, "-1.5s". Their lengths. */
size_t time_format_instant(struct expr_instant instant, char ret_text[TIME_TEXT_BYTES]);
size_t time_format_duration(int64_t ns, char ret_text[TIME_TEXT_BYTES]);

/* What string() gives of a double: the shortest text that reads as the same number. */
enum { FORMAT_DOUBLE_BYTES = 48 };
size_t format_double(double value, char ret_text[FORMAT_DOUBLE_BYTES]);

/* An instant of RFC 3339; a duration as in "1h30m". BAD_TEXT, OVERFLOW. */
struct expr_value time_read_instant(struct str text);
struct expr_value time_read_duration(struct str text);

/* Instants and durations, checked for range: OVERFLOW. */
struct expr_value time_instant(int64_t seconds, int64_t nanos);
struct expr_value time_operate(enum expr_op op, const struct expr_value *a,
                               const struct expr_value *b);

#endif
