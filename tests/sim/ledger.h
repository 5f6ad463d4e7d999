/* What the logs and the provider have said so far, indexed: what people look at, and what the checks compare. Fed with every
 * record in the order of the logs; decodes, and judges nothing. */
#ifndef TESTS_SIM_LEDGER_H
#define TESTS_SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <shouwang/v1/journal.pb-c.h>
#include <shouwang/v1/notice.pb-c.h>

#include "base/arena.h"
#include "base/map.h"
#include "core/casework/casefile.h"
#include "sim/broker.h"

struct ledger_case {
    struct ident id;
    struct str unit;
    struct str key;
    struct ledger_state *state;  /* as it is; changed in place by the next record of it */
    struct ledger_state *before; /* as it was; NULL: it is new */
    bool is_closed;              /* as somebody who looked has seen */
    struct ledger_notice *first_notice;
    struct ledger_case *next;
};

/* An encoding of a case, decoded. */
struct ledger_state {
    struct arena arena;
    struct casefile file;
};

struct ledger_notice {
    struct ident id;
    const Shouwang__V1__Notice *record;
    bool is_urgent;
    int64_t logged_ms;
    unsigned seen;        /* records of this id */
    int64_t cancelled_ms; /* a control that names it was logged; 0: none */
    unsigned accepted;    /* by the provider, so often */
    int64_t accepted_ms;  /* the first time */
    uint32_t states;      /* bits 1 << NoticeState of its receipts */
    int64_t recorded_ms;  /* its first receipt was logged */
    struct ledger_notice *next;
    struct ledger_notice *next_of_case;
};

struct ledger {
    struct arena arena;
    struct map cases;
    struct map notices;
    struct ledger_case *first_case; /* newest first */
    struct ledger_notice *first_notice;
};

void ledger_init(struct ledger *ledger);
void ledger_fini(struct ledger *ledger);

/* The message of a record of a topic, in `arena`; asserted: ours decode. */
const ProtobufCMessage *ledger_decode(const struct broker_record *record,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      struct arena *arena);

/* Case or notice of the record are added. Others are ignored. */
void ledger_take(struct ledger *ledger, const struct broker_record *record);

struct ledger_case *ledger_find_case(const struct ledger *ledger, struct ident id);
struct ledger_notice *ledger_find_notice(const struct ledger *ledger, struct ident id);

#endif
