/* The bureau's board: what is owed in its schools by the time left, reports that wait for an answer, deadlines that passed, and
 * the ledger as CSV. No names of pupils: units, case numbers, roles and times. */
#ifndef CONSOLE_BUREAU_H
#define CONSOLE_BUREAU_H

#include "io/http_server.h"

/* GET handlers; `ctx` is the console. */
void bureau_get_sla(struct http_request *request, void *ctx);
void bureau_get_breaches(struct http_request *request, void *ctx); /* ?days=, 1 to 400; 30 */
void bureau_get_ledger(struct http_request *request, void *ctx);

#endif
