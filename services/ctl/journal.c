/* swctl journal verify: recomputes each unit's chain from the topic, and compares its length with the head that the
 * escalator keeps, so that lines cut off at the end are missed, too. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <shouwang/v1/case.pb-c.h>

#include "base/map.h"
#include "ctl/commands.h"
#include "ctl/log_reader.h"
#include "io/seal.h"
#include "wire/decode.h"
#include "wire/journal.h"

enum { UNITS_MAX = 100000, LINE_MAX_BYTES = 8 << 20, WHY_MAX_BYTES = 320 };

/* One unit's chain, as far as it was read. */
struct chain {
    struct journal_place place;
    uint64_t head; /* the escalator's, read before the lines */
    bool is_broken;
    char why[WHY_MAX_BYTES];
};

struct verify {
    struct ctl *ctl;
    struct str only; /* a unit; empty: all */
    struct map chains;
    struct arena line;
    int error;
};

static bool is_wanted(const struct verify *verify, struct str unit)
{
    return verify->only.len == 0 || str_equal(verify->only, unit);
}

static struct chain *chain_of(struct verify *verify, struct str unit)
{
    struct chain *chain = map_get(&verify->chains, unit);
    if (chain == NULL) {
        struct str name = arena_copy_str(&verify->ctl->arena, unit);
        chain = arena_alloc(&verify->ctl->arena, sizeof(*chain));
        verify->error = name.at == NULL || chain == NULL ? ERR_MEMORY : 0;
        if (verify->error == 0) {
            verify->error = map_add(&verify->chains, name, chain);
        }
    }
    return verify->error == 0 ? chain : NULL;
}

static void take_head(void *ctx, const struct kafka_record *record)
{
    struct verify *verify = ctx;
    struct str unit = topic_unit_of_key(record->key);
    struct fault fault;
    ProtobufCMessage *message = NULL;
    bool is_head = decode_descriptor(str_of(topic_rows[TOPIC_CASES].suffix), record->key) ==
                   &shouwang__v1__journal_head__descriptor;
    if (!is_head || record->value.at == NULL || !is_wanted(verify, unit) || verify->error != 0) {
        return;
    }
    arena_reset(&verify->line);
    int error = decode_message(&shouwang__v1__journal_head__descriptor, record->value,
                               &verify->line, &fault, &message);
    struct chain *chain = error == 0 ? chain_of(verify, unit) : NULL;
    if (chain != NULL) {
        chain->head = ((const Shouwang__V1__JournalHead *)message)->number;
    }
}

static void take_line(void *ctx, const struct kafka_record *record)
{
    struct verify *verify = ctx;
    struct fault fault;
    if (!is_wanted(verify, record->key) || verify->error != 0) {
        return;
    }
    struct chain *chain = chain_of(verify, record->key);
    if (chain == NULL || chain->is_broken) {
        return;
    }
    arena_reset(&verify->line);
    int error = journal_verify(record->value, seal_digest, &verify->line, &chain->place, &fault);
    if (error == 0) {
        return;
    }
    char text[FAULT_PATH_MAX_BYTES + 64] = "it was changed, or does not follow the one before";
    if (error == ERR_INVALID) {
        (void)fault_format(&fault, text, sizeof(text));
    }
    chain->is_broken = true;
    (void)snprintf(chain->why, sizeof(chain->why),
                   "line %" PRIu64 " (partition %" PRId32 ", offset %" PRId64 "): %s",
                   chain->place.number + 1, record->partition, record->offset, text);
}

/* Whether the chain is whole; says so. */
static bool tell(const struct ctl *ctl, struct str unit, struct chain *chain)
{
    if (!chain->is_broken && chain->place.number < chain->head) {
        chain->is_broken = true;
        (void)snprintf(chain->why, sizeof(chain->why),
                       "line %" PRIu64 " is missing: the head says %" PRIu64,
                       chain->place.number + 1, chain->head);
    }
    const char *state = chain->is_broken ? "BROKEN at " : "verified";
    if (ctl->json) {
        ctl_say("{\"unit\": \"%.*s\", \"verified\": %s, \"lines\": %" PRIu64 ", \"why\": \"%s\"}",
                (int)unit.len, unit.at, chain->is_broken ? "false" : "true", chain->place.number,
                chain->why);
    } else {
        ctl_say("%.*s: %" PRIu64 " lines, %s%s", (int)unit.len, unit.at, chain->place.number, state,
                chain->why);
    }
    return !chain->is_broken;
}

static enum ctl_exit tell_all(struct verify *verify)
{
    if (verify->error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s", error_text(verify->error));
    }
    if (verify->chains.count == 0 && verify->only.len > 0) {
        return ctl_fail(CTL_REFUSED, "%s has no journal", verify->ctl->words[0]);
    }
    bool is_whole = true;
    for (size_t i = 0; i < verify->chains.count; i++) {
        const struct map_entry *entry = &verify->chains.entries[i];
        is_whole &= tell(verify->ctl, entry->key, entry->value);
    }
    return is_whole ? CTL_OK : CTL_REFUSED;
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct verify verify = {.ctl = ctl, .only = str_of(ctl->word_count > 0 ? ctl->words[0] : NULL)};
    if (seal_init() != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "libsodium does not start");
    }
    map_init(&verify.chains, UNITS_MAX, 1);
    arena_init(&verify.line, LINE_MAX_BYTES);
    enum ctl_exit code = log_read_all(ctl, TOPIC_CASES, take_head, &verify);
    if (code == CTL_OK) {
        code = log_read_all(ctl, TOPIC_JOURNAL, take_line, &verify);
    }
    if (code == CTL_OK) {
        code = tell_all(&verify);
    }
    arena_fini(&verify.line);
    map_fini(&verify.chains);
    return code;
}

const struct ctl_command ctl_command_journal_verify = {
    .name = "journal verify",
    .arguments = "[UNIT]",
    .help = "Recompute the chain of each unit's journal and say where one breaks.",
    .run = run,
};
