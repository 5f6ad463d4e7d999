/* Made-up people of the trace tests (see world.h). */
#ifndef TESTS_TRACE_WORLD_PEOPLE_H
#define TESTS_TRACE_WORLD_PEOPLE_H

#include "core/org/org.h"

void world_people_put(struct org *org);

/* Takes somebody out of the directory. */
void world_people_remove(struct org *org, const char *unit, const char *person);

#endif
