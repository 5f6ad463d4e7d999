#include "core/notice/quota.h"

#include <string.h>

#include "base/assert.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

static void drop_first(struct quota *quota, size_t count)
{
    memmove(quota->at_ms, quota->at_ms + count, (quota->count - count) * sizeof(quota->at_ms[0]));
    quota->count -= count;
}

static size_t count_since(const struct quota *quota, int64_t since_ms)
{
    size_t count = 0;
    while (count < quota->count && quota->at_ms[quota->count - 1 - count] > since_ms) {
        count++;
    }
    return count;
}

static bool is_below(const struct quota *quota, uint32_t limit, int64_t since_ms)
{
    return limit == 0 || count_since(quota, since_ms) < limit;
}

bool quota_allows(struct quota *quota, const struct quota_limits *limits, int64_t now_ms)
{
    sw_assert(quota->count <= QUOTA_CALLS_MAX);
    drop_first(quota, quota->count - count_since(quota, now_ms - DAY_MS));
    return is_below(quota, limits->per_minute, now_ms - MINUTE_MS) &&
           is_below(quota, limits->per_hour, now_ms - HOUR_MS) &&
           is_below(quota, limits->per_day, now_ms - DAY_MS);
}

void quota_take(struct quota *quota, int64_t now_ms)
{
    sw_assert(quota->count <= QUOTA_CALLS_MAX);
    if (quota->count == QUOTA_CALLS_MAX) {
        drop_first(quota, 1);
    }
    int64_t last_ms = quota->count > 0 ? quota->at_ms[quota->count - 1] : INT64_MIN;
    quota->at_ms[quota->count++] = now_ms > last_ms ? now_ms : last_ms;
}

bool quota_is_idle(const struct quota *quota, int64_t now_ms)
{
    return count_since(quota, now_ms - DAY_MS) == 0;
}
