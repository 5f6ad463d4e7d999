/* A run as text, for whoever looks at a seed. */
#ifndef TESTS_SIM_TELL_H
#define TESTS_SIM_TELL_H

#include <stdint.h>

#include "sim/broker.h"
#include "sim/provider.h"

/* One line each, begun with the time since the start. */
void tell_text(int64_t since_ms, const char *text);

/* Lines of the journal, notices, controls, commands and receipts; others are silent. */
void tell_record(int64_t since_ms, const struct broker_record *record);
void tell_send(int64_t since_ms, const struct provider_sent *sent);

#endif
