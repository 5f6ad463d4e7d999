/* What triage_world.c and triage_people.c share. */
#ifndef TESTS_TRACE_TRIAGE_PEOPLE_H
#define TESTS_TRACE_TRIAGE_PEOPLE_H

#include "core/org/org.h"
#include "triage_world.h"

/* The directory that each world begins with; the caller's. */
struct org *triage_people_make(void);

/* The directory of a world; the world's. */
struct org *triage_world_org(struct triage_world *world);

#endif
