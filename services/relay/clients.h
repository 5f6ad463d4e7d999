/* Who may read the live wire: the clients of one file, each with its public key and the prefixes it may read.
 *
 *     # name     public key                                prefixes
 *     qh-police  rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7  qh-police. alerts.qinghe-shi.qinghe.
 *
 * A prefix is labels of [a-z0-9-], each with its dot: the stream, and where one's area ends before the school the
 * organisation from its top downwards. The stream is "alerts" or the client's own name, its feed. */
#ifndef RELAY_CLIENTS_H
#define RELAY_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

enum {
    CLIENTS_MAX = 64,
    CLIENT_NAME_BYTES = 49,
    CLIENT_PREFIXES_MAX = 16,
    CLIENT_PREFIX_BYTES = 200, /* with its NUL */
    CLIENTS_FILE_MAX_BYTES = 256 * 1024,
};

struct client {
    char name[CLIENT_NAME_BYTES];
    char key[41];
    char prefixes[CLIENT_PREFIXES_MAX][CLIENT_PREFIX_BYTES];
    size_t prefix_count;
};

struct clients {
    struct client clients[CLIENTS_MAX];
    size_t count;
};

/* The clients of a file's text. ERR_INVALID: `ret_line` is the line at fault (a form that is not the above, a name or key
 * twice, a stream of somebody else's, too many); ERR_MEMORY. The caller's to free(). */
SW_NODISCARD int clients_parse(struct str text, size_t *ret_line, struct clients **ret_clients);

/* By its public key, and by its name; NULL: nobody. */
const struct client *clients_find_key(const struct clients *clients, struct str key);
const struct client *clients_find(const struct clients *clients, struct str name);

/* What the client gets when it asks for a prefix: the prefix itself where it lies inside what it may read, else the
 * parts of what it may read that lie inside the prefix; 0: nothing. Borrowed from both. */
size_t client_narrow(const struct client *client, struct str wish,
                     struct str ret_prefixes[CLIENT_PREFIXES_MAX]);

#endif
