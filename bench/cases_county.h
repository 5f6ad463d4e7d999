/* A made-up county for bench-cases: schools with their staff, pupils with two guardians each, and the reference pack. */
#ifndef BENCH_CASES_COUNTY_H
#define BENCH_CASES_COUNTY_H

#include <stddef.h>

#include "core/casework/casework.h"
#include "core/casework/policy.h"
#include "core/org/org.h"
#include "wire/pack.h"

enum { COUNTY_PUPILS_EACH = 500, COUNTY_ID_BYTES = 32 };

struct county {
    struct org *org;
    struct pack *pack;
    struct arena arena; /* of the pack's files */
};

/* The reference pack of `folder`; NULL on success, else a sentence. */
const char *county_open(const char *folder, struct county *ret_county);
void county_close(struct county *county);

/* Puts the schools `from` to `to` - 1, with their pupils, into the directory. */
void county_add_schools(struct county *county, size_t from, size_t to);

/* The ids, in `ret_id`: opaque, as long as real ones. A pupil's school is the number divided by COUNTY_PUPILS_EACH. */
struct str county_school(size_t school, char ret_id[COUNTY_ID_BYTES]);
struct str county_pupil(size_t pupil, char ret_id[COUNTY_ID_BYTES]);

/* casework_policies_fn; `ctx` is the county. */
const struct policy_set *county_policies_of(void *ctx, struct str unit);

#endif
