/* sw-escalator: who must know, by when, until it is done. Signals, commands and receipts in; cases, journal, notices and
 * alerts out, on the stream shell. */
#ifndef ESCALATOR_ESCALATOR_H
#define ESCALATOR_ESCALATOR_H

#include "io/service.h"

extern const struct service_definition escalator_definition;

#endif
