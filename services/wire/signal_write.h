/* Signals of the rules -> records of topic signals; wire/signal reads them. */
#ifndef WIRE_SIGNAL_WRITE_H
#define WIRE_SIGNAL_WRITE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/rules/signal.h"

/* The bytes of the record, in `arena`. What the event has sealed goes along unopened. ERR_MEMORY. */
SW_NODISCARD int signal_encode(const struct signal *signal, struct arena *arena,
                               struct str *ret_value);

#endif
