#include "notifier/text.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "io/log.h"
#include "notifier/entity.h"
#include "notifier/filling.h"

enum {
    PACKS_MAX = 8,
    PACK_ARENA_BYTES = 32 * 1024 * 1024,
};

struct pack_texts {
    uint8_t hash[PACK_HASH_BYTES];
    struct arena arena;
    struct disclose *disclose; /* NULL: its templates do not load */
};

struct texts {
    struct pack_texts packs[PACKS_MAX];
    size_t count;
    size_t next; /* the oldest, when all are taken */
};

struct texts *texts_new(void)
{
    return calloc(1, sizeof(struct texts));
}

void texts_free(struct texts *texts)
{
    if (texts == NULL) {
        return;
    }
    for (size_t i = 0; i < texts->count; i++) {
        arena_fini(&texts->packs[i].arena);
    }
    free(texts);
}

static void load_pack(struct pack_texts *to, const struct pack *pack)
{
    struct disclose_fault fault = {.text = ""};
    struct disclose_file *files;
    memcpy(to->hash, pack->hash, PACK_HASH_BYTES);
    to->disclose = NULL;
    arena_init(&to->arena, PACK_ARENA_BYTES);
    files = arena_alloc_array(&to->arena, pack->file_count, sizeof(*files));
    int error = files == NULL ? ERR_MEMORY : 0;
    for (size_t i = 0; error == 0 && i < pack->file_count; i++) {
        files[i] = (struct disclose_file){str_of(pack->files[i].path), pack->files[i].content};
    }
    if (error == 0) {
        error = disclose_load(&to->arena, files, pack->file_count, &fault, &to->disclose);
    }
    if (error != 0) {
        log_error("templates_refused", log_error_code("why", error),
                  log_library("fault", fault.text));
    }
}

static const struct disclose *texts_of(struct texts *texts, const struct pack *pack)
{
    if (pack == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < texts->count; i++) {
        if (memcmp(texts->packs[i].hash, pack->hash, PACK_HASH_BYTES) == 0) {
            return texts->packs[i].disclose;
        }
    }
    struct pack_texts *to = &texts->packs[texts->next];
    if (texts->count == PACKS_MAX) {
        arena_fini(&to->arena);
    } else {
        texts->count++;
    }
    texts->next = (texts->next + 1) % PACKS_MAX;
    load_pack(to, pack);
    return to->disclose;
}

/* --- Where to ---------------------------------------------------------------------------------- */

static bool is_kept_out(const struct part *part, const struct held *held, struct str digest)
{
    struct stop_question question = held_question(held);
    question.address_digest = digest;
    return stops_is_conflicted(part->stops, part->org, &question);
}

static struct text_address find_address(const struct part *part, const struct held *held,
                                        const struct org_person *person, enum case_channel channel)
{
    struct text_address found = {STR_LITERAL(""), STR_LITERAL("")};
    for (size_t i = 0; i < person->address_count; i++) {
        const struct org_address *address = &person->addresses[i];
        if (address->channel != channel || is_kept_out(part, held, address->digest)) {
            continue;
        }
        bool named = str_equal(address->digest, held->address_digest);
        if (named || found.digest.len == 0) {
            found = (struct text_address){address->digest, address->sealed};
        }
        if (named) {
            break;
        }
    }
    return found;
}

struct text_address text_choose_address(struct part *part, const struct held *held,
                                        enum case_channel via)
{
    const struct org_person *person = org_find_person(part->org, held->unit, held->person);
    struct text_address address = {STR_LITERAL(""), STR_LITERAL("")};
    if (person == NULL) {
        return address;
    }
    address = find_address(part, held, person, via);
    if (address.digest.len == 0 && via != held->channel) {
        address = find_address(part, held, person, held->channel);
    }
    return address;
}

/* --- The message ------------------------------------------------------------------------------- */

int text_begin(struct part *part, const struct held *held, struct filling *filling)
{
    const struct org_unit *unit = org_find_unit(part->org, held->unit);
    struct str jurisdiction = unit != NULL ? unit->jurisdiction : STR_LITERAL("");
    filling->part = part;
    filling->held = held;
    filling->notice = held_record(part, held);
    filling->disclose =
        texts_of(part->notifier->texts, pack_store_active(part->packs, jurisdiction));
    return filling->notice == NULL ? ERR_MEMORY : 0;
}

int text_open_address(struct filling *filling, struct str *ret_to)
{
    struct part *part = filling->part;
    const struct held *held = filling->held;
    const struct org_person *person = org_find_person(part->org, held->unit, held->person);
    if (person == NULL) {
        return ERR_NOT_FOUND;
    }
    struct text_address address = text_choose_address(part, held, filling->via);
    if (address.digest.len == 0) {
        return is_kept_out(part, held, held->address_digest) ? ERR_DENIED : ERR_NOT_FOUND;
    }
    filling->lang = person->lang;
    *ret_to = filling_open(filling, person->unit, address.sealed);
    return ret_to->len == 0 ? ERR_CORRUPT : 0;
}

int text_build(struct part *part, const struct held *held, enum case_channel via,
               struct text_message *ret_message)
{
    struct filling filling = {.via = via};
    struct text_message message;
    struct token_notice token = filling_token(held);
    int error = text_begin(part, held, &filling);
    if (error == 0) {
        error = text_open_address(&filling, &message.to);
    }
    if (error == 0) {
        error = token_make_notice(part->notifier->keyring, TOKEN_NOTICE, &token, message.ref);
    }
    if (error == 0) {
        error = filling_message(&filling, &message.text);
    }
    if (error == 0) {
        *ret_message = message;
    }
    return error;
}
