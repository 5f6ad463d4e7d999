/* Local time without files: the offsets of a time zone as a table, made at import. */
#ifndef CORE_ROSTER_ZONE_H
#define CORE_ROSTER_ZONE_H

#include <stddef.h>
#include <stdint.h>

enum {
    ZONE_OFFSETS_MAX = 256,
    ZONE_OFFSET_MAX_S = 18 * 3600,    /* either way from UTC */
    ZONE_DEFAULT_OFFSET_S = 8 * 3600, /* China, which knows no summer time */
};

struct zone_offset {
    int64_t from_ms;  /* holds from this instant to the next entry's; the last one for ever */
    int32_t offset_s; /* seconds east of UTC */
};

/* A value; the table is borrowed, ascending by from_ms. An empty one is China's. */
struct zone {
    const struct zone_offset *offsets;
    size_t count;
};

/* A local wall clock. */
struct zone_local {
    int64_t day;      /* days since 1970-01-01, local */
    uint32_t weekday; /* 1 Monday … 7 Sunday */
    int64_t day_ms;   /* since local midnight, 0 .. 86,399,999 */
};

/* Seconds east of UTC at the instant; before the first entry, the first one's. */
int32_t zone_offset_s(const struct zone *zone, int64_t at_ms);

struct zone_local zone_to_local(const struct zone *zone, int64_t at_ms);

/* The instant of a local wall clock. A time that summer time skips gives the instant as if the clock had not been moved;
 * one that comes twice, the first. */
int64_t zone_from_local(const struct zone *zone, int64_t day, int64_t day_ms);

/* Days since 1970-01-01 of a date of the Gregorian calendar, month and day from 1. */
int64_t zone_day_of(int64_t year, uint32_t month, uint32_t day);

#endif
