#include "ctl/phone_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/map.h"
#include "base/str.h"

enum {
    ADDRESSES_MAX = 1000 * 1000,
    PAGE = 4096, /* messages in one block of the order */
    PAGES_MAX = PHONE_MESSAGES_MAX / PAGE + 1,
    VOICE_EVERY_MS = 60000,
    SMS_EVERY_MS = 1000,
    MESSAGE_ID_BYTES = 24
};

/* When an address was last reached over a channel. */
struct reached {
    int64_t at_ms;
    char key[]; /* "<channel> <address>" */
};

struct phone_store {
    struct map by_notice;
    struct map reached;
    struct phone_message **pages[PAGES_MAX];
    size_t count;
};

struct phone_store *phone_store_new(void)
{
    struct phone_store *store = heap_alloc(sizeof(*store));
    if (store != NULL) {
        map_init(&store->by_notice, PHONE_MESSAGES_MAX, 1);
        map_init(&store->reached, ADDRESSES_MAX, 2);
    }
    return store;
}

void phone_store_free(struct phone_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < store->count; i++) {
        heap_free(phone_store_at(store, i));
    }
    for (size_t i = 0; i < PAGES_MAX; i++) {
        heap_free(store->pages[i]);
    }
    for (size_t i = 0; i < store->reached.count; i++) {
        heap_free(store->reached.entries[i].value);
    }
    map_fini(&store->by_notice);
    map_fini(&store->reached);
    heap_free(store);
}

const char *phone_store_judge(const Shouwang__V1__ProviderSend *send)
{
    if (strlen(send->notice_id) != PHONE_NOTICE_ID_BYTES ||
        strspn(send->notice_id, "0123456789abcdef") != PHONE_NOTICE_ID_BYTES) {
        return "notice_id is not 32 hexadecimal digits";
    }
    if (send->to[0] == '\0' || strlen(send->to) > PHONE_FIELD_MAX_BYTES) {
        return "to is missing or too long";
    }
    if (send->channel[0] == '\0' || strlen(send->channel) > PHONE_FIELD_MAX_BYTES) {
        return "channel is missing or too long";
    }
    if (send->text[0] == '\0' || strlen(send->text) > PHONE_TEXT_MAX_BYTES) {
        return "text is missing or too long";
    }
    if (strlen(send->ref) > PHONE_REF_MAX_BYTES || strlen(send->keys) > 12 ||
        strlen(send->person) > PHONE_FIELD_MAX_BYTES ||
        strlen(send->role) > PHONE_FIELD_MAX_BYTES) {
        return "ref, keys, person or role is too long";
    }
    return NULL;
}

struct phone_message *phone_store_find(const struct phone_store *store, struct str notice_id)
{
    return map_get(&store->by_notice, notice_id);
}

static int64_t pause_of(const char *channel)
{
    if (strcmp(channel, "voice") == 0) {
        return VOICE_EVERY_MS;
    }
    return strcmp(channel, "sms") == 0 ? SMS_EVERY_MS : 0;
}

int64_t phone_store_quota_ms(struct phone_store *store, const Shouwang__V1__ProviderSend *send,
                             int64_t now_ms)
{
    int64_t pause_ms = pause_of(send->channel);
    if (pause_ms == 0) {
        return 0;
    }
    size_t size = strlen(send->channel) + strlen(send->to) + 2;
    struct reached *fresh = heap_alloc(sizeof(*fresh) + size);
    if (fresh == NULL) {
        return pause_ms;
    }
    (void)snprintf(fresh->key, size, "%s %s", send->channel, send->to);
    struct reached *reached = map_get(&store->reached, str_of(fresh->key));
    if (reached == NULL) {
        fresh->at_ms = now_ms;
        if (map_add(&store->reached, str_of(fresh->key), fresh) != 0) {
            heap_free(fresh); /* more addresses than are counted: let it through */
        }
        return 0;
    }
    heap_free(fresh);
    int64_t left_ms = reached->at_ms + pause_ms - now_ms;
    if (left_ms > 0) {
        return left_ms;
    }
    reached->at_ms = now_ms;
    return 0;
}

/* Copies a text behind what is there and moves `at` on. */
static char *keep(char **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

static struct phone_message *message_new(const Shouwang__V1__ProviderSend *send, uint64_t number)
{
    size_t size = strlen(send->notice_id) + strlen(send->channel) + strlen(send->to) +
                  strlen(send->person) + strlen(send->role) + strlen(send->text) +
                  strlen(send->keys) + strlen(send->ref) + 8 + MESSAGE_ID_BYTES;
    struct phone_message *message = heap_alloc(sizeof(*message) + size);
    if (message == NULL) {
        return NULL;
    }
    char *at = (char *)(message + 1);
    message->record = (Shouwang__V1__ProviderMessage)SHOUWANG__V1__PROVIDER_MESSAGE__INIT;
    message->record.notice_id = keep(&at, send->notice_id);
    message->record.channel = keep(&at, send->channel);
    message->record.to = keep(&at, send->to);
    message->record.person = keep(&at, send->person);
    message->record.role = keep(&at, send->role);
    message->record.text = keep(&at, send->text);
    message->record.keys = keep(&at, send->keys);
    message->ref = keep(&at, send->ref);
    message->record.message_id = at;
    (void)snprintf(at, MESSAGE_ID_BYTES, "m%" PRIu64, number);
    message->record.number = number;
    return message;
}

int phone_store_add(struct phone_store *store, const Shouwang__V1__ProviderSend *send,
                    int64_t now_ms, struct phone_message **ret_message)
{
    if (store->count == PHONE_MESSAGES_MAX) {
        return ERR_FULL;
    }
    size_t page = store->count / PAGE;
    if (store->pages[page] == NULL) {
        store->pages[page] = heap_alloc_array(PAGE, sizeof(struct phone_message *));
    }
    struct phone_message *message =
        store->pages[page] == NULL ? NULL : message_new(send, store->count + 1);
    if (message == NULL) {
        return ERR_MEMORY;
    }
    int error = map_add(&store->by_notice, str_of(message->record.notice_id), message);
    if (error != 0) {
        heap_free(message);
        return error;
    }
    message->record.accepted_at = now_ms;
    (void)phone_store_move(message, "accepted", "");
    store->pages[page][store->count % PAGE] = message;
    store->count++;
    *ret_message = message;
    return 0;
}

static int rank(const char *state)
{
    static const char *const states[] = {"accepted", "delivered", "reached", "refused"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(states[i], state) == 0) {
            return i;
        }
    }
    return -1;
}

/* States and digits are kept as static texts, so that a message needs no room for what may come. */
bool phone_store_move(struct phone_message *message, const char *state, const char *digits)
{
    static const char *const states[] = {"accepted", "delivered", "reached", "refused"};
    static const char *const keys[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"};
    int next = rank(state);
    int now = message->record.state[0] == '\0' ? -1 : rank(message->record.state);
    if (next < 0 || next <= now || now >= 2) {
        return false;
    }
    message->record.state = (char *)(uintptr_t)states[next];
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i], digits) == 0) {
            message->record.digits = (char *)(uintptr_t)keys[i];
        }
    }
    return true;
}

size_t phone_store_count(const struct phone_store *store)
{
    return store->count;
}

struct phone_message *phone_store_at(const struct phone_store *store, size_t index)
{
    sw_assert(index < store->count);
    return store->pages[index / PAGE][index % PAGE];
}
