/* CURVE key pairs of the live wire, and their files in the form that czmq and pyzmq read ("certificates"): a secret file
 * with both keys. Keys are text (Z85). */
#ifndef IO_ZMQ_KEY_H
#define IO_ZMQ_KEY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

enum { ZMQ_KEY_TEXT_BYTES = 41 }; /* with its NUL */

/* A value type. */
struct zmq_key {
    char public_key[ZMQ_KEY_TEXT_BYTES];
    char secret_key[ZMQ_KEY_TEXT_BYTES];
};

/* Draws a pair. ERR_UNSUPPORTED: this libzmq has no CURVE. */
SW_NODISCARD int zmq_key_make(struct zmq_key *ret_key);

/* Whether the text is a public key. */
bool zmq_key_is_public(struct str text);

/* Reads a secret file, of which others may not read anything. Blocks. ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID, ERR_IO. */
SW_NODISCARD int zmq_key_read(const char *path, struct zmq_key *ret_key);

/* Writes a new file, 0600. Blocks. ERR_EXISTS, ERR_DENIED, ERR_IO. */
SW_NODISCARD int zmq_key_write(const char *path, const struct zmq_key *key);

#endif
