/* Where to listen or connect: "127.0.0.1:8080", "[::1]:8080", "host:6379", ":8080" (every interface), "unix:/path". */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum { ADDRESS_HOST_MAX = 255 };

/* A value type. */
struct address {
    bool is_unix;
    char host[ADDRESS_HOST_MAX +
              1];  /* name, IPv4 or IPv6 without brackets, or the path; "" = every interface */
    uint16_t port; /* 0 when listening: any free one */
};

/* ERR_INVALID with the output untouched. */
SW_NODISCARD int address_parse(struct str text, struct address *ret_address);

/* As it is read, with a NUL. */
void address_format(const struct address *address, char *ret_text, size_t size);

/* A listening non-blocking socket (close-on-exec). Host names are resolved, which may block: at start only. An old
 * unix socket at the path is replaced. ERR_UNAVAILABLE (in use), ERR_NOT_FOUND (no such host), ERR_DENIED, ERR_IO. */
SW_NODISCARD int address_listen(const struct address *address, int backlog, int *ret_fd);

/* The address a listening socket has really got, for port 0. ERR_IO. */
SW_NODISCARD int address_of_socket(int fd, struct address *ret_address);

#endif
