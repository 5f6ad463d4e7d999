/* A small county of made-up people: two schools that lie in different partitions, with the reference pack. Its records are made
 * once per process and written at the start of each run. */
#ifndef TESTS_SIM_COUNTY_H
#define TESTS_SIM_COUNTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/casework/policy.h"
#include "core/org/record.h"
#include "core/org/role.h"
#include "sim/broker.h"

#define COUNTY_SOURCE "/sim/schools" /* ce_source of the events */

enum { COUNTY_SCHOOLS = 2, COUNTY_PUPILS = 6, COUNTY_PACKS = 2 };

struct county;

/* One person of a school or of the county, as the checks know them. */
struct county_person {
    const char *id;
    const char *household;
    const char *phone;
    enum org_person_kind kind;
    enum org_role role;
    const char *group;
    const char *substitute;
};

extern const char *const county_schools[COUNTY_SCHOOLS];
extern const char *const county_pupils[COUNTY_PUPILS];

/* By id, of the schools (each has all of them) or of the county; NULL: not there. */
const struct county_person *county_find(struct str id);

/* `keys_dir` is made. */
struct county *county_new(const char *keys_dir, const char *pack_folder);
void county_free(struct county *county);

/* Everything but packs, into the topics directory and keys. */
void county_write(const struct county *county, struct broker *broker);

/* The table of duty leaders of a school: who has duty changes with `version`; none may be left out for two days from `at_ms`. */
void county_write_roster(struct broker *broker, size_t school, unsigned version, int64_t at_ms);

/* The person's record goes, or comes back. */
void county_write_person(const struct county *county, struct broker *broker, size_t school,
                         const char *id, bool is_there);

/* One of the packs becomes the active one, its files written before it. */
void county_activate(struct county *county, struct broker *broker, size_t pack, int64_t at_ms);

/* By which all cases of a run are judged: those of either pack. */
const struct policy_set *county_policies(const struct county *county);

#endif
