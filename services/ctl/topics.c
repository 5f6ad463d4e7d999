/* swctl topics: creates the topics of the table, or compares the cluster with it. */
#include <string.h>

#include "ctl/commands.h"
#include "io/topics.h"

enum { TEXT_MAX_BYTES = 1 << 20, PARTITIONS_MAX = 1024, FEEDS_MAX = 32 };

static enum ctl_exit run(struct ctl *ctl)
{
    int64_t partitions = TOPIC_PARTITIONS_DEFAULT;
    const char *wanted = ctl_option(ctl, "--partitions");
    if (wanted != NULL && !str_to_int64(str_of(wanted), 1, PARTITIONS_MAX, &partitions)) {
        return ctl_fail(CTL_USAGE, "--partitions: expected a number from 1 to %d", PARTITIONS_MAX);
    }
    const char *feeds[FEEDS_MAX + 1] = {NULL};
    for (size_t i = 0; i < FEEDS_MAX; i++) {
        feeds[i] = ctl_option_at(ctl, "--feed", i);
    }
    const struct topics_plan plan = {.partition_count = (int32_t)partitions,
                                     .is_single = ctl_option(ctl, "--single") != NULL,
                                     .inputs = topic_group_inputs,
                                     .input_count = topic_group_input_count,
                                     .feeds = feeds};
    bool check = ctl_option(ctl, "--check") != NULL;
    struct buffer text;
    buffer_init(&text, TEXT_MAX_BYTES);
    int error =
        check ? topics_check(ctl->config, &plan, &text) : topics_create(ctl->config, &plan, &text);
    ctl_say_lines(ctl, check ? "differences" : "done", buffer_str(&text));
    buffer_fini(&text);
    if (error == 0) {
        return CTL_OK;
    }
    return ctl_fail(error == ERR_CONFLICT ? CTL_REFUSED : CTL_UNAVAILABLE, "topics: %s",
                    error_text(error));
}

static const struct ctl_option options[] = {
    {"--check", NULL, "change nothing; tell each difference with its cure"},
    {"--partitions", "N", "of each topic, fixed for ever (16)"},
    {"--single", NULL, "one broker: replication 1 instead of 3"},
    {"--feed", "PARTNER", "also the feed of this partner; may be repeated"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_topics = {
    .name = "topics",
    .arguments = "",
    .help = "Create the topics and the groups' first offsets, or check them.",
    .options = options,
    .run = run,
};
