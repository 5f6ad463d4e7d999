/* When what may wait is told. */
#ifndef CORE_CASEWORK_POLICY_DIGEST_H
#define CORE_CASEWORK_POLICY_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POLICY_DIGESTS_MAX = 8 };

/* When what may wait is told: local times of day in minutes. Without times it is told at once, outside of quiet hours. */
struct policy_digest {
    uint32_t at_minute[POLICY_DIGESTS_MAX]; /* ascending, none in quiet hours */
    size_t count;
    uint32_t quiet_from_minute; /* equal to the next: no quiet hours */
    uint32_t quiet_to_minute;   /* exclusive; before it: of the next day */
};

/* Whether the minute of a local day lies in the quiet hours. */
bool policy_is_quiet(const struct policy_digest *digest, uint32_t minute);

#endif
