/* swctl emit: events to intake; when it is away, into a folder (the spool) that --flush sends later, oldest first.
 *
 * A file holds one CloudEvent in structured mode, or an array of them (batch). What intake refuses is never spooled: it
 * would be refused again. An event without an id gets none here: the sender must name it, or a repeat would be a second
 * event. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ident.h"
#include "ctl/commands.h"
#include "ctl/intake_post.h"
#include "io/loop.h"
#include "io/seal.h"

enum {
    BODY_MAX_BYTES = 16 << 20,
    ANSWER_MAX_BYTES = 4 << 20,
    TIMEOUT_MS = 15000,
    PATH_BYTES = 4096,
};

static bool is_batch(struct str body)
{
    size_t at = 0;
    while (at < body.len && strchr(" \t\r\n", body.at[at]) != NULL) {
        at++;
    }
    return at < body.len && body.at[at] == '[';
}

static void say_answer(const struct ctl *ctl, const char *name, const struct intake_answer *answer)
{
    struct str body = buffer_str(&answer->body);
    if (!ctl->json) {
        ctl_say("%s: %u %.*s", name, answer->status, (int)body.len, body.len == 0 ? "" : body.at);
        return;
    }
    struct buffer text;
    buffer_init(&text, 2 * ANSWER_MAX_BYTES);
    buffer_add_text(&text, "{\"file\": ");
    buffer_add_json(&text, str_of(name));
    buffer_format(&text, ", \"status\": %u, \"answer\": ", answer->status);
    buffer_add_json(&text, body);
    buffer_add_text(&text, "}");
    ctl_say("%.*s", (int)text.len, text.bytes);
    buffer_fini(&text);
}

/* CTL_OK taken, CTL_REFUSED refused, CTL_UNAVAILABLE to be tried later (nothing was said then). */
static enum ctl_exit send(struct ctl *ctl, const char *name, struct str body, unsigned *ret_status)
{
    struct intake_answer answer;
    const struct intake_request request = {.path = "/v1/events",
                                           .content_type =
                                               is_batch(body) ? "application/cloudevents-batch+json"
                                                              : "application/cloudevents+json",
                                           .body = body,
                                           .timeout_ms = TIMEOUT_MS};
    int error = intake_post(ctl, &request, &answer);
    *ret_status = answer.status;
    enum ctl_exit code = CTL_UNAVAILABLE;
    if (error == 0 && answer.status / 100 == 2) {
        say_answer(ctl, name, &answer);
        code = CTL_OK;
    } else if (error == 0 && answer.status / 100 == 4 && answer.status != 429) {
        say_answer(ctl, name, &answer);
        code = CTL_REFUSED;
    }
    intake_answer_fini(&answer);
    return code;
}

/* The spool's files sort by time of writing; a half-written one has another ending. */
static int spool_write(const char *folder, struct str body)
{
    char path[PATH_BYTES];
    char half[PATH_BYTES];
    struct ident salt;
    char digits[IDENT_TEXT_BYTES];
    seal_random(salt.bytes, sizeof(salt.bytes));
    ident_format(salt, digits);
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return ERR_IO;
    }
    (void)snprintf(path, sizeof(path), "%s/%013" PRId64 "-%.8s.json", folder, loop_utc_ms(),
                   digits);
    (void)snprintf(half, sizeof(half), "%s/%.8s.part", folder, digits);
    FILE *file = fopen(half, "wxe");
    if (file == NULL) {
        return ERR_IO;
    }
    bool good = fwrite(body.at, 1, body.len, file) == body.len && fflush(file) == 0 &&
                fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    return good && rename(half, path) == 0 ? 0 : ERR_IO;
}

static int is_spooled(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

/* Sends what is there, oldest first, and stops at the first that is not taken up for now. */
static enum ctl_exit flush_spool(struct ctl *ctl, const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_spooled, alphasort);
    enum ctl_exit worst = count < 0 && errno != ENOENT
                              ? ctl_fail(CTL_UNAVAILABLE, "%s: %s", folder, strerror(errno))
                              : CTL_OK;
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        struct str body;
        unsigned status = 0;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
        if (worst == CTL_UNAVAILABLE) {
            continue;
        }
        enum ctl_exit code = ctl_read_file(ctl, path, BODY_MAX_BYTES, &body) == 0
                                 ? send(ctl, path, body, &status)
                                 : CTL_UNAVAILABLE;
        if (code == CTL_UNAVAILABLE) {
            worst = ctl_fail(code, "%s stays: intake answers nothing (status %u)", path, status);
            continue;
        }
        if (code == CTL_REFUSED) {
            char refused[PATH_BYTES + 16];
            (void)snprintf(refused, sizeof(refused), "%s.refused", path);
            (void)rename(path, refused); /* kept for a person; if not, it is refused again */
            worst = worst == CTL_OK ? code : worst;
        } else {
            (void)unlink(path); /* if not, the same event is sent again, which is harmless */
        }
    }
    free(entries);
    return worst;
}

static enum ctl_exit run(struct ctl *ctl)
{
    const char *spool = ctl_option(ctl, "--spool");
    bool flush = ctl_option(ctl, "--flush") != NULL;
    if (seal_init() != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "no entropy");
    }
    if (flush && (spool == NULL || ctl->word_count > 0)) {
        return ctl_fail(CTL_USAGE, "--flush sends what is in --spool DIR, and nothing else");
    }
    if (flush) {
        return flush_spool(ctl, spool);
    }
    if (ctl->word_count == 0) {
        return ctl_fail(CTL_USAGE, "FILE or - is needed");
    }
    struct str body;
    unsigned status = 0;
    int error = ctl_read_file(ctl, ctl->words[0], BODY_MAX_BYTES, &body);
    if (error != 0) {
        return ctl_fail(CTL_USAGE, "%s: %s", ctl->words[0], error_text(error));
    }
    enum ctl_exit code = send(ctl, ctl->words[0], body, &status);
    if (code != CTL_UNAVAILABLE) {
        return code;
    }
    if (spool == NULL) {
        return ctl_fail(code, "intake at %s does not take it now (status %u); --spool DIR keeps it",
                        config_text(ctl->config, "intake.url"), status);
    }
    error = spool_write(spool, body);
    if (error != 0) {
        return ctl_fail(code, "intake is away, and %s cannot be written: %s", spool,
                        strerror(errno));
    }
    ctl_say(ctl->json ? "{\"spooled\": true}" : "intake is away: spooled, to be sent by --flush");
    return CTL_OK;
}

static const struct ctl_option options[] = {
    {"--spool", "DIR", "keep the event there when intake is away"},
    {"--flush", NULL, "send what --spool keeps, oldest first"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_emit = {
    .name = "emit",
    .arguments = "[FILE]",
    .help = "Post a CloudEvent, or an array of them, to intake; - is stdin.",
    .options = options,
    .run = run,
};
