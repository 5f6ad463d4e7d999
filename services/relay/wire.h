/* The public live wire: clients with keys, what they may read, the streams, and their questions. PROTOCOL.md is what a
 * client is written from. Settings: wire.* in relay.c; nothing of it is there while
 * wire.publish is not set. */
#ifndef RELAY_WIRE_H
#define RELAY_WIRE_H

#include "base/error.h"
#include "io/service.h"

struct wire;

/* Reads key and clients; the sockets open when the directory has been read ("wire" is unready until then). ERR_INVALID, ERR_NOT_FOUND,
 * ERR_DENIED (files; logged), ERR_UNAVAILABLE, ERR_MEMORY, ERR_IO. */
SW_NODISCARD int wire_new(struct service *service, struct wire **ret_wire);
/* NULL is fine. */
void wire_free(struct wire *wire);

/* The clients' file is read again, and every connection made anew under it; a file that is not good changes nothing. */
void wire_reload(struct wire *wire);

#endif
