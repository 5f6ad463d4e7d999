/* Making key files: at installation, at rotation, from the two shares of the recovery copy. A process that only uses keys
 * never comes here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/keyring.h"
#include "io/keyring_file.h"

enum {
    BUNDLE_MAX_BYTES = SEAL_DIGEST_BYTES + (KEY_FILE_COUNT - KEY_FILE_CONTACT) * KEY_FILE_MAX_BYTES,
    SHARE_MAX_BYTES = 2 * BUNDLE_MAX_BYTES,
    SET_BYTES = 8,
};

static int make_dir(const char *dir)
{
    if (mkdir(dir, 0700) == 0 || errno == EEXIST) {
        return 0;
    }
    return errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_IO;
}

static bool is_there(const char *dir, enum key_file file)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, key_file_name(file));
    return access(path, F_OK) == 0;
}

/* ERR_EXISTS when any key file is there: nothing may be overwritten. */
static int prepare_dir(const char *dir)
{
    int error = make_dir(dir);
    for (unsigned i = 0; error == 0 && i < KEY_FILE_COUNT; i++) {
        error = is_there(dir, (enum key_file)i) ? ERR_EXISTS : 0;
    }
    return error;
}

static void draw_pair(struct key_line *ret_public, struct key_line *ret_private)
{
    seal_keypair(ret_public->key, ret_private->key);
    seal_key_id(ret_public->key, ret_public->id);
    memcpy(ret_private->id, ret_public->id, SEAL_KEY_ID_BYTES);
}

int keyring_generate(const char *dir)
{
    int error = prepare_dir(dir);
    for (unsigned i = 0; error == 0 && i < 3; i++) {
        struct key_lines public_lines = {.count = 1};
        struct key_lines private_lines = {.count = 1};
        draw_pair(&public_lines.lines[0], &private_lines.lines[0]);
        error = key_file_write(dir, (enum key_file)(KEY_FILE_CONTACT + i), &private_lines, false);
        if (error == 0) {
            error = key_file_write(dir, (enum key_file)(KEY_FILE_CONTACT_PUB + i), &public_lines,
                                   false);
        }
        seal_wipe(&private_lines, sizeof(private_lines));
    }
    for (unsigned i = KEY_FILE_IDENT; error == 0 && i <= KEY_FILE_TOKEN; i++) {
        struct key_lines lines = {.count = 1};
        seal_random(lines.lines[0].key, SEAL_KEY_BYTES);
        seal_key_id(lines.lines[0].key, lines.lines[0].id);
        error = key_file_write(dir, (enum key_file)i, &lines, false);
        seal_wipe(&lines, sizeof(lines));
    }
    return error;
}

static int put_first(const char *dir, enum key_file file, const struct key_line *line)
{
    struct key_lines lines;
    int error = key_file_read(dir, file, &lines);
    if (error != 0) {
        return error;
    }
    if (lines.count == KEYRING_KEYS_MAX) {
        error = ERR_FULL;
    } else {
        memmove(&lines.lines[1], &lines.lines[0], lines.count * sizeof(lines.lines[0]));
        lines.lines[0] = *line;
        lines.count++;
        error = key_file_write(dir, file, &lines, true);
    }
    seal_wipe(&lines, sizeof(lines));
    return error;
}

int keyring_rotate(const char *dir, enum seal_class key_class)
{
    sw_assert(key_class > SEAL_CLASS_NONE && key_class < SEAL_CLASS_COUNT);
    unsigned index = (unsigned)key_class - SEAL_CLASS_CONTACT;
    struct key_line public_line;
    struct key_line private_line;
    draw_pair(&public_line, &private_line);
    /* The private one first: nobody may seal to a key that nobody holds. */
    int error = put_first(dir, (enum key_file)(KEY_FILE_CONTACT + index), &private_line);
    if (error == 0) {
        error = put_first(dir, (enum key_file)(KEY_FILE_CONTACT_PUB + index), &public_line);
    }
    seal_wipe(&private_line, sizeof(private_line));
    return error;
}

/* --- The recovery copy: a pad, and the secret files under the pad ------------------------------- */

/* digest, then for each secret file two bytes of length and its text. */
static int read_bundle(const char *dir, uint8_t ret_bundle[BUNDLE_MAX_BYTES], size_t *ret_len)
{
    size_t at = SEAL_DIGEST_BYTES;
    for (unsigned i = KEY_FILE_CONTACT; i < KEY_FILE_COUNT; i++) {
        struct key_lines lines;
        char text[KEY_FILE_MAX_BYTES];
        int error = key_file_read(dir, (enum key_file)i, &lines);
        if (error != 0) {
            return error;
        }
        key_lines_format(&lines, text);
        size_t len = strlen(text);
        sw_assert(at + 2 + len <= BUNDLE_MAX_BYTES);
        ret_bundle[at] = (uint8_t)(len >> 8);
        ret_bundle[at + 1] = (uint8_t)len;
        memcpy(ret_bundle + at + 2, text, len);
        at += 2 + len;
        seal_wipe(text, sizeof(text));
        seal_wipe(&lines, sizeof(lines));
    }
    seal_digest(ret_bundle + SEAL_DIGEST_BYTES, at - SEAL_DIGEST_BYTES, ret_bundle);
    *ret_len = at;
    return 0;
}

/* One line: what it is, which set and which share, the bytes. */
static int write_share(const char *path, char letter, const char *set, struct str bytes)
{
    char text[SHARE_MAX_BYTES];
    int at = snprintf(text, sizeof(text), "shouwang-recovery-share %s %c ", set, letter);
    size_t size = seal_text_bytes(bytes.len);
    sw_assert(at > 0 && (size_t)at + size + 1 < sizeof(text));
    seal_text_write(bytes.at, bytes.len, text + at, size);
    size_t len = (size_t)at + size - 1;
    text[len++] = '\n';
    int error = small_file_write(path, true, (struct str){text, len});
    seal_wipe(text, sizeof(text));
    return error;
}

int keyring_split(const char *dir, const char *share_a, const char *share_b)
{
    uint8_t bundle[BUNDLE_MAX_BYTES];
    uint8_t pad[BUNDLE_MAX_BYTES];
    size_t len = 0;
    int error = read_bundle(dir, bundle, &len);
    if (error == 0) {
        uint8_t id[SET_BYTES];
        char set[2 * SET_BYTES + 1];
        seal_random(id, sizeof(id));
        for (size_t i = 0; i < SET_BYTES; i++) {
            (void)snprintf(set + 2 * i, 3, "%02x", id[i]);
        }
        seal_random(pad, len);
        for (size_t i = 0; i < len; i++) {
            bundle[i] ^= pad[i];
        }
        error = write_share(share_a, 'a', set, (struct str){(const char *)pad, len});
        if (error == 0) {
            error = write_share(share_b, 'b', set, (struct str){(const char *)bundle, len});
        }
    }
    seal_wipe(bundle, sizeof(bundle));
    seal_wipe(pad, sizeof(pad));
    return error;
}

static int read_share(const char *path, char ret_head[64], uint8_t ret_bytes[BUNDLE_MAX_BYTES],
                      size_t *ret_len)
{
    char text[SHARE_MAX_BYTES];
    size_t len = 0;
    int error = small_file_read(path, true, text, sizeof(text), &len);
    if (error != 0) {
        return error;
    }
    /* "shouwang-recovery-share <set> <letter> <bytes>\n" */
    enum { HEAD = sizeof("shouwang-recovery-share ") - 1 + 2 * SET_BYTES + 3 };
    if (len < HEAD + 2 || text[len - 1] != '\n' || text[HEAD - 1] != ' ') {
        error = ERR_CORRUPT;
    } else {
        memcpy(ret_head, text, HEAD);
        ret_head[HEAD] = '\0';
        if (seal_text_read((struct str){text + HEAD, len - HEAD - 1}, ret_bytes, BUNDLE_MAX_BYTES,
                           ret_len) != 0) {
            error = ERR_CORRUPT;
        }
    }
    seal_wipe(text, sizeof(text));
    return error;
}

/* Writes one secret file, and the public one that follows from it. */
static int restore_file(const char *dir, enum key_file file, struct str text)
{
    struct key_lines lines;
    int error = key_lines_parse(text, &lines);
    if (error != 0) {
        return ERR_CORRUPT;
    }
    error = key_file_write(dir, file, &lines, false);
    if (error == 0 && file <= KEY_FILE_ANSWERS) {
        struct key_lines public_lines = lines;
        for (size_t i = 0; i < lines.count; i++) {
            seal_public(lines.lines[i].key, public_lines.lines[i].key);
        }
        error = key_file_write(dir, (enum key_file)(file - KEY_FILE_CONTACT), &public_lines, false);
    }
    seal_wipe(&lines, sizeof(lines));
    return error;
}

static int restore_bundle(const char *dir, const uint8_t *bundle, size_t len)
{
    uint8_t digest[SEAL_DIGEST_BYTES];
    if (len < SEAL_DIGEST_BYTES) {
        return ERR_CORRUPT;
    }
    seal_digest(bundle + SEAL_DIGEST_BYTES, len - SEAL_DIGEST_BYTES, digest);
    if (!seal_equal(digest, bundle, SEAL_DIGEST_BYTES)) {
        return ERR_CORRUPT;
    }
    size_t at = SEAL_DIGEST_BYTES;
    int error = prepare_dir(dir);
    for (unsigned i = KEY_FILE_CONTACT; error == 0 && i < KEY_FILE_COUNT; i++) {
        size_t text_len = at + 2 <= len ? (size_t)bundle[at] << 8 | bundle[at + 1] : len;
        if (at + 2 + text_len > len) {
            return ERR_CORRUPT;
        }
        struct str text = {(const char *)bundle + at + 2, text_len};
        error = restore_file(dir, (enum key_file)i, text);
        at += 2 + text_len;
    }
    return error;
}

int keyring_recover(const char *dir, const char *share_a, const char *share_b)
{
    uint8_t a[BUNDLE_MAX_BYTES];
    uint8_t b[BUNDLE_MAX_BYTES];
    char head_a[64];
    char head_b[64];
    size_t a_len = 0;
    size_t b_len = 0;
    int error = read_share(share_a, head_a, a, &a_len);
    if (error == 0) {
        error = read_share(share_b, head_b, b, &b_len);
    }
    if (error == 0 && a_len != b_len) {
        error = ERR_CORRUPT;
    }
    if (error == 0) {
        for (size_t i = 0; i < a_len; i++) {
            a[i] ^= b[i];
        }
        error = restore_bundle(dir, a, a_len);
    }
    seal_wipe(a, sizeof(a));
    seal_wipe(b, sizeof(b));
    return error;
}
