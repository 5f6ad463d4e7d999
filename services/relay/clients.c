#include "relay/clients.h"

#include <stdlib.h>
#include <string.h>

#include "io/zmq_key.h"

/* The next word of a line; empty at its end. */
static struct str next_word(struct str *line)
{
    size_t from = 0;
    while (from < line->len && (line->at[from] == ' ' || line->at[from] == '\t')) {
        from++;
    }
    size_t to = from;
    while (to < line->len && line->at[to] != ' ' && line->at[to] != '\t' && line->at[to] != '\r') {
        to++;
    }
    struct str word = {line->at + from, to - from};
    *line = (struct str){line->at + to, line->len - to};
    return word;
}

static bool is_label_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_label_byte(text.at[i])) {
            return false;
        }
    }
    return text.len > 0 && text.len < CLIENT_NAME_BYTES;
}

/* Labels, each with its dot behind it. */
static bool is_prefix(struct str text)
{
    bool in_label = false;
    for (size_t i = 0; i < text.len; i++) {
        bool dot = text.at[i] == '.';
        if (dot ? !in_label : !is_label_byte(text.at[i])) {
            return false;
        }
        in_label = !dot;
    }
    return text.len > 0 && text.len < CLIENT_PREFIX_BYTES && !in_label;
}

static bool is_own_stream(struct str prefix, struct str name)
{
    const char *dot = memchr(prefix.at, '.', prefix.len);
    struct str stream = {prefix.at, (size_t)(dot - prefix.at)};
    return str_is(stream, "alerts") || str_equal(stream, name);
}

static void copy(char *room, struct str text)
{
    memcpy(room, text.at, text.len);
    room[text.len] = '\0';
}

static bool take_client(struct clients *clients, struct str name, struct str rest)
{
    struct str key = next_word(&rest);
    if (clients->count == CLIENTS_MAX || !is_name(name) || str_is(name, "alerts") ||
        !zmq_key_is_public(key) || clients_find(clients, name) != NULL ||
        clients_find_key(clients, key) != NULL) {
        return false;
    }
    struct client *client = &clients->clients[clients->count];
    copy(client->name, name);
    copy(client->key, key);
    struct str prefix = next_word(&rest);
    for (; prefix.len > 0; prefix = next_word(&rest)) {
        if (client->prefix_count == CLIENT_PREFIXES_MAX || !is_prefix(prefix) ||
            !is_own_stream(prefix, name)) {
            return false;
        }
        copy(client->prefixes[client->prefix_count++], prefix);
    }
    clients->count++;
    return client->prefix_count > 0;
}

int clients_parse(struct str text, size_t *ret_line, struct clients **ret_clients)
{
    struct clients *clients = calloc(1, sizeof(*clients));
    if (clients == NULL) {
        return ERR_MEMORY;
    }
    for (size_t number = 1; text.len > 0; number++) {
        const char *end = memchr(text.at, '\n', text.len);
        struct str line = {text.at, end == NULL ? text.len : (size_t)(end - text.at)};
        size_t taken = line.len + (end == NULL ? 0 : 1);
        text = (struct str){text.at + taken, text.len - taken};
        struct str name = next_word(&line);
        bool is_empty = name.len == 0 || name.at[0] == '#';
        if (!is_empty && !take_client(clients, name, line)) {
            free(clients);
            *ret_line = number;
            return ERR_INVALID;
        }
    }
    *ret_clients = clients;
    return 0;
}

const struct client *clients_find_key(const struct clients *clients, struct str key)
{
    for (size_t i = 0; i < clients->count; i++) {
        if (str_is(key, clients->clients[i].key)) {
            return &clients->clients[i];
        }
    }
    return NULL;
}

const struct client *clients_find(const struct clients *clients, struct str name)
{
    for (size_t i = 0; i < clients->count; i++) {
        if (str_is(name, clients->clients[i].name)) {
            return &clients->clients[i];
        }
    }
    return NULL;
}

size_t client_narrow(const struct client *client, struct str wish,
                     struct str ret_prefixes[CLIENT_PREFIXES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < client->prefix_count; i++) {
        struct str may = str_of(client->prefixes[i]);
        if (str_starts(wish, may)) {
            ret_prefixes[0] = wish;
            return 1;
        }
        if (str_starts(may, wish)) {
            ret_prefixes[count++] = may;
        }
    }
    return count;
}
