/* sw-triage: events in, signals out; see README.md. */
#ifndef TRIAGE_TRIAGE_H
#define TRIAGE_TRIAGE_H

#include "io/service.h"

extern const struct service_definition triage_definition;

#endif
