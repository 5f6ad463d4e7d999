/* The keys of the directory topic. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/org/org.h"
#include "core/org/record.h"

static const char *const kinds[] = {
    [ORG_RECORD_NONE] = "",           [ORG_RECORD_UNIT] = "unit",
    [ORG_RECORD_GROUP] = "group",     [ORG_RECORD_PERSON] = "person",
    [ORG_RECORD_ROSTER] = "roster",   [ORG_RECORD_TOKEN] = "token",
    [ORG_RECORD_SOURCE] = "source",   [ORG_RECORD_USER] = "user",
    [ORG_RECORD_PARTNER] = "partner",
};

static struct str hash_text(const uint8_t hash[ORG_TOKEN_HASH_BYTES],
                            char text[2 * ORG_TOKEN_HASH_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < ORG_TOKEN_HASH_BYTES; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return (struct str){text, 2 * ORG_TOKEN_HASH_BYTES};
}

/* The two parts of a record's name: its unit, and its own within the unit (none for the unit itself). */
static void name_record(const struct org_record *record, char hash[2 * ORG_TOKEN_HASH_BYTES],
                        struct str *ret_unit, struct str *ret_own)
{
    struct str unit = {NULL, 0};
    struct str own = {NULL, 0};
    switch (record->kind) {
    case ORG_RECORD_UNIT:
        unit = record->unit.id;
        break;
    case ORG_RECORD_GROUP:
        unit = record->group.unit;
        own = record->group.id;
        break;
    case ORG_RECORD_PERSON:
        unit = record->person.unit;
        own = record->person.id;
        break;
    case ORG_RECORD_ROSTER:
        unit = record->roster.unit;
        own = record->roster.role;
        break;
    case ORG_RECORD_TOKEN:
        unit = record->token.unit;
        own = hash_text(record->token.hash, hash);
        break;
    case ORG_RECORD_SOURCE:
        unit = record->source.unit;
        own = record->source.name;
        break;
    case ORG_RECORD_USER:
        unit = record->user.unit;
        own = record->user.login;
        break;
    case ORG_RECORD_PARTNER:
        unit = record->partner.unit;
        own = record->partner.id;
        break;
    case ORG_RECORD_NONE:
        break;
    }
    *ret_unit = unit;
    *ret_own = own;
}

struct str org_record_key(const struct org_record *record, char ret_key[ORG_KEY_MAX_BYTES])
{
    char hash[2 * ORG_TOKEN_HASH_BYTES];
    struct str unit;
    struct str own;
    name_record(record, hash, &unit, &own);
    int len = snprintf(ret_key, ORG_KEY_MAX_BYTES, "%.*s/%s%s%.*s", (int)unit.len, unit.at,
                       kinds[record->kind], own.len > 0 ? "/" : "", (int)own.len, own.at);
    sw_assert(len > 0);
    sw_assert(len < ORG_KEY_MAX_BYTES);
    return (struct str){ret_key, (size_t)len};
}

bool org_owns_key(struct str key)
{
    const char *slash = key.len > 0 ? memchr(key.at, '/', key.len) : NULL;
    if (slash == NULL || slash == key.at || str_starts(key, STR_LITERAL("pack/"))) {
        return false;
    }
    struct str rest = {slash + 1, key.len - (size_t)(slash + 1 - key.at)};
    if (str_is(rest, kinds[ORG_RECORD_UNIT])) {
        return true;
    }
    for (int kind = ORG_RECORD_GROUP; kind <= ORG_RECORD_LAST; kind++) {
        struct str name = str_of(kinds[kind]);
        if (str_starts(rest, name) && rest.len > name.len + 1 && rest.at[name.len] == '/') {
            return true;
        }
    }
    return false;
}
