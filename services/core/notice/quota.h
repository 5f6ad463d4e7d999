/* How often one telephone may be called (providers: once a minute, 5 an hour, 20 a day). Past it a call becomes an SMS. */
#ifndef CORE_NOTICE_QUOTA_H
#define CORE_NOTICE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUOTA_CALLS_MAX = 20 };

struct quota_limits {
    uint32_t per_minute; /* 0: no limit */
    uint32_t per_hour;
    uint32_t per_day; /* at most QUOTA_CALLS_MAX, 0: no limit */
};

/* What providers allow, where a configuration says nothing else. */
#define QUOTA_LIMITS_DEFAULT ((struct quota_limits){.per_minute = 1, .per_hour = 5, .per_day = 20})

/* The calls of the last day to one number, oldest first; a value type, zeroed at first. */
struct quota {
    int64_t at_ms[QUOTA_CALLS_MAX];
    size_t count;
};

/* Whether a call may be made now. Forgets what is older than a day. */
bool quota_allows(struct quota *quota, const struct quota_limits *limits, int64_t now_ms);

/* Counts a call; the oldest goes where there is no room. Time that goes back counts as the last call's. */
void quota_take(struct quota *quota, int64_t now_ms);

/* Whether nothing of the last day is left. */
bool quota_is_idle(const struct quota *quota, int64_t now_ms);

#endif
