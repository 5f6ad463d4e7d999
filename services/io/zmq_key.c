#include "io/zmq_key.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "io/keyring_file.h"

enum { FILE_MAX_BYTES = 2048, KEY_BYTES = 32 };

int zmq_key_make(struct zmq_key *ret_key)
{
    return zmq_curve_keypair(ret_key->public_key, ret_key->secret_key) == 0 ? 0 : ERR_UNSUPPORTED;
}

bool zmq_key_is_public(struct str text)
{
    char copy[ZMQ_KEY_TEXT_BYTES];
    uint8_t bytes[KEY_BYTES];
    if (text.len != ZMQ_KEY_TEXT_BYTES - 1 || memchr(text.at, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return zmq_z85_decode(bytes, copy) != NULL;
}

/* The value of `name = "…"`, 40 characters. */
static bool find_value(const char *text, const char *name, char ret_key[ZMQ_KEY_TEXT_BYTES])
{
    const char *at = strstr(text, name);
    const char *open = at == NULL ? NULL : strchr(at, '"');
    const char *close = open == NULL ? NULL : strchr(open + 1, '"');
    struct str value = {open == NULL ? NULL : open + 1,
                        close == NULL ? 0 : (size_t)(close - open - 1)};
    if (!zmq_key_is_public(value)) {
        return false; /* a secret key has the same form */
    }
    memcpy(ret_key, value.at, value.len);
    ret_key[value.len] = '\0';
    return true;
}

int zmq_key_read(const char *path, struct zmq_key *ret_key)
{
    char text[FILE_MAX_BYTES];
    struct zmq_key key;
    size_t len;
    int error = small_file_read(path, true, text, sizeof(text), &len);
    if (error != 0) {
        return error == ERR_TOO_LARGE ? ERR_INVALID : error;
    }
    text[len] = '\0';
    if (!find_value(text, "public-key", key.public_key) ||
        !find_value(text, "secret-key", key.secret_key)) {
        return ERR_INVALID;
    }
    *ret_key = key;
    return 0;
}

int zmq_key_write(const char *path, const struct zmq_key *key)
{
    char text[FILE_MAX_BYTES];
    int len = snprintf(text, sizeof(text),
                       "# ZeroMQ CURVE certificate: keep it secret, give away the public key.\n"
                       "metadata\n"
                       "curve\n"
                       "    public-key = \"%s\"\n"
                       "    secret-key = \"%s\"\n",
                       key->public_key, key->secret_key);
    return small_file_write(path, true, (struct str){text, (size_t)len});
}
