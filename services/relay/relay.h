/* The relay as a service; see relay.c. */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "io/service.h"

extern const struct service_definition relay_definition;

#endif
