#include "io/keyring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"

enum {
    KEY_TEXT_BYTES = 43, /* base64url of a key */
    LINE_BYTES = SEAL_KEY_ID_BYTES + 1 + KEY_TEXT_BYTES + 1,
    PATH_MAX_BYTES = 4096,
};

_Static_assert(KEYRING_KEYS_MAX *LINE_BYTES < KEY_FILE_MAX_BYTES, "a full file fits");

static const char *const names[KEY_FILE_COUNT] = {
    [KEY_FILE_CONTACT_PUB] = "contact.pub", [KEY_FILE_CONTENT_PUB] = "content.pub",
    [KEY_FILE_ANSWERS_PUB] = "answers.pub", [KEY_FILE_CONTACT] = "contact.key",
    [KEY_FILE_CONTENT] = "content.key",     [KEY_FILE_ANSWERS] = "answers.key",
    [KEY_FILE_IDENT] = "ident.key",         [KEY_FILE_TOKEN] = "token.key",
};

const char *key_file_name(enum key_file file)
{
    sw_assert((unsigned)file < KEY_FILE_COUNT);
    return names[file];
}

bool key_file_is_secret(enum key_file file)
{
    return file >= KEY_FILE_CONTACT;
}

static int error_of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case EEXIST:
        return ERR_EXISTS;
    default:
        return ERR_IO;
    }
}

int small_file_read(const char *path, bool secret, char *ret_bytes, size_t size, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return error_of_errno();
    }
    int error = 0;
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        error = ERR_INVALID;
    } else if (secret && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        error = ERR_DENIED;
    }
    size_t len = 0;
    while (error == 0 && len < size) {
        ssize_t got = read(fd, ret_bytes + len, size - len);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            error = ERR_IO;
        }
        len += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd); /* nothing was written */
    if (error == 0 && len == size) {
        error = ERR_TOO_LARGE;
    }
    if (error == 0) {
        *ret_len = len;
    }
    return error;
}

int small_file_write(const char *path, bool secret, struct str text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0600 : 0644);
    if (fd < 0) {
        return error_of_errno();
    }
    int error = 0;
    for (size_t done = 0; error == 0 && done < text.len;) {
        ssize_t put = write(fd, text.at + done, text.len - done);
        if (put < 0 && errno != EINTR) {
            error = ERR_IO;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    if (error == 0 && fsync(fd) != 0) {
        error = ERR_IO;
    }
    if (close(fd) != 0 && error == 0) {
        error = ERR_IO;
    }
    if (error != 0) {
        (void)unlink(path); /* half a key file is worse than none */
    }
    return error;
}

void key_lines_format(const struct key_lines *lines, char ret_text[KEY_FILE_MAX_BYTES])
{
    sw_assert(lines->count <= KEYRING_KEYS_MAX);
    size_t at = 0;
    for (size_t i = 0; i < lines->count; i++) {
        memcpy(ret_text + at, lines->lines[i].id, SEAL_KEY_ID_BYTES);
        at += SEAL_KEY_ID_BYTES;
        ret_text[at++] = ' ';
        seal_text_write(lines->lines[i].key, SEAL_KEY_BYTES, ret_text + at, KEY_TEXT_BYTES + 1);
        at += KEY_TEXT_BYTES;
        ret_text[at++] = '\n';
    }
    ret_text[at] = '\0';
}

int key_lines_parse(struct str text, struct key_lines *ret_lines)
{
    if (text.len == 0 || text.len % LINE_BYTES != 0 || text.len / LINE_BYTES > KEYRING_KEYS_MAX) {
        return ERR_INVALID;
    }
    struct key_lines lines = {.count = text.len / LINE_BYTES};
    int error = 0;
    for (size_t i = 0; error == 0 && i < lines.count; i++) {
        const char *line = text.at + i * LINE_BYTES;
        size_t len = 0;
        memcpy(lines.lines[i].id, line, SEAL_KEY_ID_BYTES);
        error = seal_text_read((struct str){line + SEAL_KEY_ID_BYTES + 1, KEY_TEXT_BYTES},
                               lines.lines[i].key, SEAL_KEY_BYTES, &len);
        if (line[SEAL_KEY_ID_BYTES] != ' ' || line[LINE_BYTES - 1] != '\n' ||
            len != SEAL_KEY_BYTES ||
            !str_is_utf8((struct str){lines.lines[i].id, SEAL_KEY_ID_BYTES}, NULL)) {
            error = ERR_INVALID;
        }
    }
    if (error == 0) {
        *ret_lines = lines;
    }
    seal_wipe(&lines, sizeof(lines));
    return error;
}

static bool join_path(const char *dir, const char *name, const char *suffix, char *ret_path)
{
    int len = snprintf(ret_path, PATH_MAX_BYTES, "%s/%s%s", dir, name, suffix);
    return len > 0 && len < PATH_MAX_BYTES;
}

int key_file_read(const char *dir, enum key_file file, struct key_lines *ret_lines)
{
    char path[PATH_MAX_BYTES];
    char text[KEY_FILE_MAX_BYTES];
    size_t len = 0;
    if (!join_path(dir, key_file_name(file), "", path)) {
        return ERR_INVALID;
    }
    int error = small_file_read(path, key_file_is_secret(file), text, sizeof(text), &len);
    if (error == 0) {
        error = key_lines_parse((struct str){text, len}, ret_lines);
    }
    seal_wipe(text, sizeof(text));
    return error == ERR_TOO_LARGE ? ERR_INVALID : error;
}

int key_file_write(const char *dir, enum key_file file, const struct key_lines *lines, bool replace)
{
    char path[PATH_MAX_BYTES];
    char fresh[PATH_MAX_BYTES];
    char text[KEY_FILE_MAX_BYTES];
    if (!join_path(dir, key_file_name(file), "", path) ||
        !join_path(dir, key_file_name(file), ".new", fresh)) {
        return ERR_INVALID;
    }
    key_lines_format(lines, text);
    int error = small_file_write(replace ? fresh : path, key_file_is_secret(file), str_of(text));
    seal_wipe(text, sizeof(text));
    if (error == 0 && replace && rename(fresh, path) != 0) {
        error = ERR_IO;
    }
    return error;
}
