/* swctl template test: runs a file of the public Mustache specification. */
#include "ctl/commands.h"
#include "wire/template_case.h"

enum { FILE_MAX_BYTES = 4 << 20 };

struct counts {
    const struct ctl *ctl;
    size_t passed;
    size_t failed;
};

static void one(const struct template_case *result, void *ctx)
{
    struct counts *counts = ctx;
    counts->passed += result->passed;
    counts->failed += !result->passed;
    if (result->passed || counts->ctl->json) {
        return;
    }
    ctl_say("FAILED %.*s%s%s", (int)result->name.len, result->name.at,
            result->fault == NULL ? "" : ": ", result->fault == NULL ? "" : result->fault);
    ctl_say("  expected %.*s", (int)result->expected.len, result->expected.at);
    ctl_say("  got      %.*s", (int)result->got.len, result->got.len == 0 ? "" : result->got.at);
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct counts counts = {.ctl = ctl};
    struct str text;
    int error = ctl_read_file(ctl, ctl->words[0], FILE_MAX_BYTES, &text);
    const char *fault = NULL;
    if (error == 0) {
        error = template_case_run(text, one, &counts, &fault);
    }
    if (error != 0) {
        return ctl_fail(CTL_USAGE, "%s: %s", ctl->words[0],
                        fault == NULL ? error_text(error) : fault);
    }
    ctl_say(ctl->json ? "{\"passed\": %zu, \"failed\": %zu}" : "%zu passed, %zu failed",
            counts.passed, counts.failed);
    return counts.failed == 0 ? CTL_OK : CTL_REFUSED;
}

const struct ctl_command ctl_command_template_test = {
    .name = "template test",
    .arguments = "FILE.json",
    .help = "Run the cases of a Mustache specification file.",
    .run = run,
};
