/* Key files, for io/keyring: what stands in them, which there are, reading and writing. */
#ifndef IO_KEYRING_FILE_H
#define IO_KEYRING_FILE_H

#include "io/keyring.h"

enum { KEY_FILE_MAX_BYTES = 4096 };

struct key_line {
    char id[SEAL_KEY_ID_BYTES];
    uint8_t key[SEAL_KEY_BYTES];
};

/* The current key first. */
struct key_lines {
    struct key_line lines[KEYRING_KEYS_MAX];
    size_t count;
};

enum key_file {
    KEY_FILE_CONTACT_PUB,
    KEY_FILE_CONTENT_PUB,
    KEY_FILE_ANSWERS_PUB,
    KEY_FILE_CONTACT,
    KEY_FILE_CONTENT,
    KEY_FILE_ANSWERS,
    KEY_FILE_IDENT,
    KEY_FILE_TOKEN,
    KEY_FILE_COUNT,
};

/* "contact.pub" …; static storage. */
const char *key_file_name(enum key_file file);
bool key_file_is_secret(enum key_file file);

/* Reads and checks `dir`/name. Blocks. ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID, ERR_IO. */
SW_NODISCARD int key_file_read(const char *dir, enum key_file file, struct key_lines *ret_lines);

/* Writes a new file, 0600 when secret, on the disk before it returns; with `replace` in place of what is there, by
 * rename. ERR_EXISTS, ERR_DENIED, ERR_IO. */
SW_NODISCARD int key_file_write(const char *dir, enum key_file file, const struct key_lines *lines,
                                bool replace);

/* The lines as text with a NUL; and back. ERR_INVALID. */
void key_lines_format(const struct key_lines *lines, char ret_text[KEY_FILE_MAX_BYTES]);
SW_NODISCARD int key_lines_parse(struct str text, struct key_lines *ret_lines);

/* Any small file, whole: `ret_len` is below `size`. Errors as key_file_read, and ERR_TOO_LARGE. */
SW_NODISCARD int small_file_read(const char *path, bool secret, char *ret_bytes, size_t size,
                                 size_t *ret_len);

/* A new file, on the disk before it returns. ERR_EXISTS, ERR_DENIED, ERR_IO. */
SW_NODISCARD int small_file_write(const char *path, bool secret, struct str text);

#endif
