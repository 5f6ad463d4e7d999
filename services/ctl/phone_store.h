/* What the pretend phones have accepted, in memory, and their quota. */
#ifndef CTL_PHONE_STORE_H
#define CTL_PHONE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "shouwang/v1/provider.pb-c.h"

enum {
    PHONE_MESSAGES_MAX =
        500 * 1000, /* then ERR_FULL: none is ever forgotten, since repeats are told by them */
    PHONE_NOTICE_ID_BYTES = 32,
    PHONE_REF_MAX_BYTES = 511,
    PHONE_TEXT_MAX_BYTES = 4096,
    PHONE_FIELD_MAX_BYTES = 256
};

struct phone_store;

struct phone_message {
    Shouwang__V1__ProviderMessage record; /* its texts are the message's own */
    const char *ref;
};

/* NULL when memory is out. */
struct phone_store *phone_store_new(void);
void phone_store_free(struct phone_store *store);

/* NULL: a send that may be taken; else what is wrong with it. */
const char *phone_store_judge(const Shouwang__V1__ProviderSend *send);

/* The message of that notice, or NULL. */
struct phone_message *phone_store_find(const struct phone_store *store, struct str notice_id);

/* 0: the address may be reached over the channel now, and counts as reached; else how long to wait. */
int64_t phone_store_quota_ms(struct phone_store *store, const Shouwang__V1__ProviderSend *send,
                             int64_t now_ms);

/* Keeps a judged send that is not there yet. ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int phone_store_add(struct phone_store *store, const Shouwang__V1__ProviderSend *send,
                                 int64_t now_ms, struct phone_message **ret_message);

/* Whether anybody answers: only onwards (accepted, delivered, then reached or refused); false: it is past that. */
bool phone_store_move(struct phone_message *message, const char *state, const char *digits);

size_t phone_store_count(const struct phone_store *store);

/* In the order of acceptance, index < count. */
struct phone_message *phone_store_at(const struct phone_store *store, size_t index);

#endif
