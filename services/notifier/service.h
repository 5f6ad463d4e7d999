/* The notifier as a service: settings, parts of the process, start, drain, stop. */
#ifndef NOTIFIER_SERVICE_H
#define NOTIFIER_SERVICE_H

#include "io/service.h"

extern const struct service_definition notifier_definition;

#endif
