/* swctl pack activate: from one record on, all services judge by the pack. */
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/log_reader.h"
#include "ctl/pack_open.h"
#include "io/loop.h"

static void format_hash(const struct pack *pack, char ret_text[2 * PACK_HASH_BYTES + 1])
{
    for (size_t i = 0; i < PACK_HASH_BYTES; i++) {
        (void)snprintf(ret_text + 2 * i, 3, "%02x", pack->hash[i]);
    }
}

static int write_one(struct kafka_bulk *bulk, struct str key, struct str value)
{
    const struct kafka_output output = {.topic = TOPIC_DIRECTORY, .key = key, .value = value};
    return kafka_bulk_write_everywhere(bulk, &output);
}

/* Its files, then, in a transaction of its own behind them, the record that makes it active. */
static int write_pack(struct ctl *ctl, const struct pack *pack,
                      const struct pack_activation *activation, struct kafka_bulk *bulk)
{
    struct str key;
    struct str value;
    int error = 0;
    for (size_t i = 0; error == 0 && i < pack->file_count; i++) {
        error = pack_file_record(pack, i, &ctl->arena, &key, &value);
        error = error == 0 ? write_one(bulk, key, value) : error;
    }
    error = error == 0 ? kafka_bulk_commit(bulk) : error;
    error = error == 0 ? pack_active_record(pack, activation, &ctl->arena, &key, &value) : error;
    error = error == 0 ? write_one(bulk, key, value) : error;
    return error == 0 ? kafka_bulk_commit(bulk) : error;
}

static enum ctl_exit activate(struct ctl *ctl, const struct pack *pack)
{
    const char *by = ctl_option(ctl, "--as");
    by = by == NULL ? config_text(ctl->config, "actor") : by;
    const struct pack_activation activation = {.jurisdiction =
                                                   str_of(ctl_option(ctl, "--jurisdiction")),
                                               .by = str_of(by == NULL ? "swctl" : by),
                                               .at_ms = loop_utc_ms()};
    struct kafka_bulk *bulk = NULL;
    enum ctl_exit code = log_open_bulk(ctl, &bulk);
    if (code != CTL_OK) {
        return code;
    }
    int error = write_pack(ctl, pack, &activation, bulk);
    kafka_bulk_free(bulk);
    if (error == ERR_INVALID) {
        return ctl_fail(CTL_USAGE, "--jurisdiction: expected [a-z0-9_-]");
    }
    if (error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "the pack before it stays active: %s", error_text(error));
    }
    char hash[2 * PACK_HASH_BYTES + 1];
    format_hash(pack, hash);
    ctl_say(ctl->json ? "{\"pack\": \"%s\", \"files\": %zu, \"policies\": %zu}"
                      : "pack %s is active: %zu files, %zu policies",
            hash, pack->file_count, pack->policies.count);
    return CTL_OK;
}

static enum ctl_exit run_activate(struct ctl *ctl)
{
    struct pack *pack = NULL;
    if (ctl_option(ctl, "--jurisdiction") == NULL) {
        return ctl_fail(CTL_USAGE, "--jurisdiction NAME is needed");
    }
    enum ctl_exit code = ctl_pack_open(ctl, ctl->words[0], &pack);
    if (code == CTL_OK) {
        code = activate(ctl, pack);
        pack_free(pack);
    }
    return code;
}

static const struct ctl_option activate_options[] = {
    {"--jurisdiction", "NAME", "for which units it judges, as their jurisdiction says"},
    {"--as", "WHO", "who activates it (key actor)"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_pack_activate = {
    .name = "pack activate",
    .arguments = "DIR",
    .help = "Check a pack and make all services judge by it.",
    .options = activate_options,
    .run = run_activate,
};
