#include "io/keyring.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "io/keyring_file.h"

struct keyring {
    unsigned wants;
    struct key_lines files[KEY_FILE_COUNT]; /* empty where not asked for */
    struct seal_sender senders[SEAL_CLASS_COUNT];
    struct seal_recipient *recipients[SEAL_CLASS_COUNT]; /* as many as lines of the private file */
};

/* Which files a wish reads. */
static const unsigned wants_of_file[KEY_FILE_COUNT] = {
    [KEY_FILE_CONTACT_PUB] = KEYRING_CLOSE,    [KEY_FILE_CONTENT_PUB] = KEYRING_CLOSE,
    [KEY_FILE_ANSWERS_PUB] = KEYRING_CLOSE,    [KEY_FILE_CONTACT] = KEYRING_OPEN_CONTACT,
    [KEY_FILE_CONTENT] = KEYRING_OPEN_CONTENT, [KEY_FILE_ANSWERS] = KEYRING_OPEN_ANSWERS,
    [KEY_FILE_IDENT] = KEYRING_IDENT,          [KEY_FILE_TOKEN] = KEYRING_TOKEN,
};

static const struct {
    enum key_file public_file;
    enum key_file private_file;
} files_of_class[SEAL_CLASS_COUNT] = {
    [SEAL_CLASS_CONTACT] = {KEY_FILE_CONTACT_PUB, KEY_FILE_CONTACT},
    [SEAL_CLASS_CONTENT] = {KEY_FILE_CONTENT_PUB, KEY_FILE_CONTENT},
    [SEAL_CLASS_ANSWERS] = {KEY_FILE_ANSWERS_PUB, KEY_FILE_ANSWERS},
};

static int prepare_class(struct keyring *keyring, enum seal_class key_class)
{
    const struct key_lines *public = &keyring->files[files_of_class[key_class].public_file];
    const struct key_lines *private = &keyring->files[files_of_class[key_class].private_file];
    if (public->count > 0) {
        seal_sender_init(&keyring->senders[key_class], public->lines[0].key);
    }
    if (private->count > 0) {
        struct seal_recipient *recipients = heap_alloc_array(private->count, sizeof(*recipients));
        if (recipients == NULL) {
            return ERR_MEMORY;
        }
        for (size_t i = 0; i < private->count; i++) {
            seal_recipient_init(&recipients[i], private->lines[i].key);
        }
        keyring->recipients[key_class] = recipients;
    }
    return 0;
}

int keyring_load(const char *dir, unsigned wants, const char **ret_file,
                 struct keyring **ret_keyring)
{
    sw_assert(dir != NULL);
    struct keyring *keyring = heap_alloc(sizeof(*keyring));
    if (keyring == NULL) {
        return ERR_MEMORY;
    }
    keyring->wants = wants;
    for (unsigned i = 0; i < KEY_FILE_COUNT; i++) {
        if ((wants_of_file[i] & wants) == 0) {
            continue;
        }
        int error = key_file_read(dir, (enum key_file)i, &keyring->files[i]);
        if (error != 0) {
            if (ret_file != NULL) {
                *ret_file = key_file_name((enum key_file)i);
            }
            keyring_free(keyring);
            return error;
        }
    }
    int error = 0;
    for (unsigned i = SEAL_CLASS_CONTACT; error == 0 && i < SEAL_CLASS_COUNT; i++) {
        error = prepare_class(keyring, (enum seal_class)i);
    }
    if (error != 0) {
        keyring_free(keyring);
        return error;
    }
    *ret_keyring = keyring;
    return 0;
}

void keyring_free(struct keyring *keyring)
{
    if (keyring == NULL) {
        return;
    }
    for (unsigned i = SEAL_CLASS_CONTACT; i < SEAL_CLASS_COUNT; i++) {
        size_t count = keyring->files[files_of_class[i].private_file].count;
        for (size_t k = 0; keyring->recipients[i] != NULL && k < count; k++) {
            seal_recipient_fini(&keyring->recipients[i][k]);
        }
        heap_free(keyring->recipients[i]);
    }
    seal_wipe(keyring, sizeof(*keyring));
    heap_free(keyring);
}

/* --- Sealed values ----------------------------------------------------------------------------- */

int vault_close(const struct vault *vault, const struct vault_target *target, struct str plain,
                struct arena *arena, struct sealed *ret_sealed)
{
    sw_assert((vault->keyring->wants & KEYRING_CLOSE) != 0);
    sw_assert(target->key_class > SEAL_CLASS_NONE && target->key_class < SEAL_CLASS_COUNT);
    const uint8_t *erasure_key = erasure_get(vault->erasure, target->unit, target->erasure_id);
    if (erasure_key == NULL) {
        return ERR_NOT_FOUND;
    }
    const struct key_line *line =
        &vault->keyring->files[files_of_class[target->key_class].public_file].lines[0];
    struct seal_layers layers = {
        .key_class = target->key_class,
        .key_id = {line->id, SEAL_KEY_ID_BYTES},
        .erasure_id = target->erasure_id,
        .erasure_key = erasure_key,
    };
    struct sealed sealed;
    int error =
        seal_close(&vault->keyring->senders[target->key_class], &layers, plain, arena, &sealed);
    if (error != 0) {
        return error;
    }
    sealed.key_id = arena_copy_str(arena, sealed.key_id);
    sealed.erasure_id = arena_copy_str(arena, sealed.erasure_id);
    if (sealed.key_id.at == NULL || sealed.erasure_id.at == NULL) {
        return ERR_MEMORY;
    }
    *ret_sealed = sealed;
    return 0;
}

static const struct key_line *find_line(const struct key_lines *lines, struct str id)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (str_equal((struct str){lines->lines[i].id, SEAL_KEY_ID_BYTES}, id)) {
            return &lines->lines[i];
        }
    }
    return NULL;
}

int vault_open(const struct vault *vault, struct str unit, const struct sealed *sealed,
               struct arena *arena, struct str *ret_plain)
{
    sw_assert(sealed->key_class > SEAL_CLASS_NONE && sealed->key_class < SEAL_CLASS_COUNT);
    const struct key_lines *lines =
        &vault->keyring->files[files_of_class[sealed->key_class].private_file];
    if (lines->count == 0) {
        return ERR_DENIED;
    }
    const struct key_line *line = find_line(lines, sealed->key_id);
    const uint8_t *erasure_key = erasure_get(vault->erasure, unit, sealed->erasure_id);
    if (line == NULL || erasure_key == NULL) {
        return ERR_NOT_FOUND;
    }
    struct seal_layers layers = {
        .key_class = sealed->key_class,
        .key_id = sealed->key_id,
        .erasure_id = sealed->erasure_id,
        .erasure_key = erasure_key,
    };
    struct seal_recipient *recipient =
        &vault->keyring->recipients[sealed->key_class][line - lines->lines];
    return seal_open(recipient, &layers, sealed, arena, ret_plain);
}

/* --- Names without names ----------------------------------------------------------------------- */

enum { NORMAL_MAX_BYTES = 320, IDENTIFIER_MAX_BYTES = 512 };

static const uint8_t *ident_key(const struct keyring *keyring)
{
    sw_assert((keyring->wants & KEYRING_IDENT) != 0);
    return keyring->files[KEY_FILE_IDENT].lines[0].key;
}

/* "<unit>/<identifier>": a unit id holds no '/'. */
static void hash_in_unit(const struct keyring *keyring, struct str domain, struct str unit,
                         struct str identifier, uint8_t ret_hash[16])
{
    char text[IDENTIFIER_MAX_BYTES + 64];
    sw_assert(unit.len <= 48 && identifier.len <= IDENTIFIER_MAX_BYTES);
    memcpy(text, unit.at, unit.len);
    text[unit.len] = '/';
    if (identifier.len > 0) {
        memcpy(text + unit.len + 1, identifier.at, identifier.len);
    }
    seal_keyed_hash(ident_key(keyring), domain, (struct str){text, unit.len + 1 + identifier.len},
                    ret_hash, 16);
}

void keyring_opaque_id(const struct keyring *keyring, char prefix, struct str unit,
                       struct str identifier, char ret_id[KEYRING_OPAQUE_BYTES])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    char domain[] = "id-?";
    uint8_t hash[17] = {0}; /* a spare byte: the last digit takes bits beyond the hash */
    domain[3] = prefix;
    hash_in_unit(keyring, str_of(domain), unit, identifier, hash);
    ret_id[0] = prefix;
    ret_id[1] = '-';
    for (size_t i = 0; i < 26; i++) {
        size_t bit = i * 5;
        unsigned pair = (unsigned)hash[bit / 8] << 8 | hash[bit / 8 + 1];
        ret_id[2 + i] = digits[pair >> (11 - bit % 8) & 31];
    }
    ret_id[KEYRING_OPAQUE_BYTES - 1] = '\0';
}

static void write_hex(const uint8_t hash[16], char ret_text[KEYRING_DIGEST_TEXT_BYTES])
{
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(ret_text + 2 * i, 3, "%02x", hash[i]);
    }
}

void keyring_identifier_digest(const struct keyring *keyring, struct str unit,
                               struct str identifier, char ret_text[KEYRING_DIGEST_TEXT_BYTES])
{
    uint8_t hash[16];
    hash_in_unit(keyring, STR_LITERAL("identifier"), unit, identifier, hash);
    write_hex(hash, ret_text);
}

/* One way of writing an address: without spaces and the signs people put into numbers, small letters, no country code
 * before a Chinese number. Longer ones than any real address are cut. */
static struct str normalize(struct str address, char ret_bytes[NORMAL_MAX_BYTES])
{
    size_t len = 0;
    bool is_number = address.len > 0 && memchr(address.at, '@', address.len) == NULL;
    for (size_t i = 0; i < address.len && len < NORMAL_MAX_BYTES; i++) {
        char c = address.at[i];
        if (c == ' ' || c == '\t' ||
            (is_number && (c == '-' || c == '(' || c == ')' || c == '.'))) {
            continue;
        }
        ret_bytes[len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    struct str text = {ret_bytes, len};
    if (is_number && str_starts(text, STR_LITERAL("+86"))) {
        return (struct str){text.at + 3, text.len - 3};
    }
    if (is_number && str_starts(text, STR_LITERAL("0086"))) {
        return (struct str){text.at + 4, text.len - 4};
    }
    return text;
}

void keyring_address_digest(const struct keyring *keyring, struct str address,
                            char ret_text[KEYRING_DIGEST_TEXT_BYTES])
{
    char bytes[NORMAL_MAX_BYTES];
    uint8_t hash[16];
    seal_keyed_hash(ident_key(keyring), STR_LITERAL("address"), normalize(address, bytes), hash,
                    16);
    seal_wipe(bytes, sizeof(bytes));
    write_hex(hash, ret_text);
}

void keyring_body_digest(const struct keyring *keyring, struct str body, uint8_t ret_digest[16])
{
    seal_keyed_hash(ident_key(keyring), STR_LITERAL("body"), body, ret_digest, 16);
}

void keyring_record_mac(const struct keyring *keyring, struct str record,
                        char ret_text[KEYRING_DIGEST_TEXT_BYTES])
{
    uint8_t hash[16];
    seal_keyed_hash(ident_key(keyring), STR_LITERAL("record"), record, hash, 16);
    write_hex(hash, ret_text);
}

const uint8_t *keyring_token_key(const struct keyring *keyring, size_t index)
{
    sw_assert((keyring->wants & KEYRING_TOKEN) != 0);
    const struct key_lines *lines = &keyring->files[KEY_FILE_TOKEN];
    return index < lines->count ? lines->lines[index].key : NULL;
}
