/* Addresses as text, and the sockets that listen on them. */
#include "io/address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "base/assert.h"

static int parse_unix(struct str path, struct address *ret_address)
{
    struct sockaddr_un probe;
    if (path.len == 0 || path.len >= sizeof(probe.sun_path) || path.len > ADDRESS_HOST_MAX ||
        memchr(path.at, '\0', path.len) != NULL) {
        return ERR_INVALID;
    }
    struct address address = {.is_unix = true};
    memcpy(address.host, path.at, path.len);
    *ret_address = address;
    return 0;
}

static bool host_is_valid(struct str host)
{
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.at[i];
        if (c <= ' ' || c > '~' || c == '/') {
            return false;
        }
    }
    return host.len <= ADDRESS_HOST_MAX;
}

int address_parse(struct str text, struct address *ret_address)
{
    if (str_starts(text, STR_LITERAL("unix:"))) {
        return parse_unix((struct str){text.at + 5, text.len - 5}, ret_address);
    }
    const char *colon = text.len == 0 ? NULL : memrchr(text.at, ':', text.len);
    if (colon == NULL) {
        return ERR_INVALID;
    }
    struct str host = {text.at, (size_t)(colon - text.at)};
    struct str port = {colon + 1, text.len - host.len - 1};
    bool bracketed = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
    if (bracketed) {
        host = (struct str){host.at + 1, host.len - 2};
    }
    if (!bracketed && host.len > 0 && memchr(host.at, ':', host.len) != NULL) {
        return ERR_INVALID; /* an IPv6 address without brackets: its last group is no port */
    }
    int64_t number;
    if (!host_is_valid(host) || str_to_int64(port, 0, UINT16_MAX, &number) == false) {
        return ERR_INVALID;
    }
    struct address address = {.port = (uint16_t)number};
    memcpy(address.host, host.len > 0 ? host.at : "", host.len);
    *ret_address = address;
    return 0;
}

void address_format(const struct address *address, char *ret_text, size_t size)
{
    if (address->is_unix) {
        (void)snprintf(ret_text, size, "unix:%s", address->host);
    } else if (strchr(address->host, ':') != NULL) {
        (void)snprintf(ret_text, size, "[%s]:%u", address->host, address->port);
    } else {
        (void)snprintf(ret_text, size, "%s:%u", address->host, address->port);
    }
}

static int error_of_errno(int number)
{
    if (number == EADDRINUSE || number == EADDRNOTAVAIL) {
        return ERR_UNAVAILABLE;
    }
    return number == EACCES || number == EPERM ? ERR_DENIED : ERR_IO;
}

static int listen_on(const struct sockaddr *where, socklen_t size, int backlog, int *ret_fd)
{
    int fd = socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    int on = 1;
    if (where->sa_family != AF_UNIX) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* a comfort */
    }
    if (where->sa_family == AF_INET6) {
        int off = 0;
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
                         sizeof(off)); /* "every interface" includes IPv4 */
    }
    if (bind(fd, where, size) != 0 || listen(fd, backlog) != 0) {
        int error = error_of_errno(errno);
        (void)close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

static int listen_unix(const struct address *address, int backlog, int *ret_fd)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    size_t length = strlen(address->host);
    sw_assert(length < sizeof(where.sun_path));
    memcpy(where.sun_path, address->host, length);
    struct stat old;
    if (stat(address->host, &old) == 0 && S_ISSOCK(old.st_mode)) {
        (void)unlink(address->host); /* bind tells if it could not be removed */
    }
    return listen_on((const struct sockaddr *)&where, sizeof(where), backlog, ret_fd);
}

int address_listen(const struct address *address, int backlog, int *ret_fd)
{
    if (address->is_unix) {
        return listen_unix(address, backlog, ret_fd);
    }
    char port[8];
    (void)snprintf(port, sizeof(port), "%u", address->port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    const char *host = address->host[0] == '\0' ? "::" : address->host;
    struct addrinfo *found;
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed != 0) {
        return ERR_NOT_FOUND;
    }
    int error = listen_on(found->ai_addr, found->ai_addrlen, backlog, ret_fd);
    freeaddrinfo(found);
    if (error == ERR_IO && address->host[0] == '\0') {
        /* A kernel without IPv6. */
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        error = listen_on((const struct sockaddr *)&any, sizeof(any), backlog, ret_fd);
    }
    return error;
}

int address_of_socket(int fd, struct address *ret_address)
{
    union {
        struct sockaddr_storage any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } where;
    memset(&where, 0, sizeof(where));
    socklen_t size = sizeof(where);
    if (getsockname(fd, (struct sockaddr *)&where, &size) != 0) {
        return ERR_IO;
    }
    struct address address = {.is_unix = where.any.ss_family == AF_UNIX};
    const char *text = NULL;
    if (address.is_unix) {
        size_t length = strnlen(where.local.sun_path, sizeof(where.local.sun_path));
        memcpy(address.host, where.local.sun_path, length);
        text = address.host;
    } else if (where.any.ss_family == AF_INET6) {
        address.port = ntohs(where.v6.sin6_port);
        text = inet_ntop(AF_INET6, &where.v6.sin6_addr, address.host, sizeof(address.host));
    } else {
        address.port = ntohs(where.v4.sin_port);
        text = inet_ntop(AF_INET, &where.v4.sin_addr, address.host, sizeof(address.host));
    }
    if (text == NULL) {
        return ERR_IO;
    }
    *ret_address = address;
    return 0;
}
