/* A person's word on a question, overheard among the commands: casework answers them and refuses bad ones. */
#include "core/casework/input.h"
#include "core/rules/triage.h"

bool triage_read_answer(const struct case_command *command, int64_t time_ms,
                        struct triage_answer *ret_answer)
{
    bool is_met = command->kind == CASE_COMMAND_MET && str_is(command->obligation, "plausibility");
    for (size_t i = 0; i < command->evidence_count && is_met; i++) {
        const struct case_evidence *evidence = &command->evidence[i];
        bool is_fault = str_is(evidence->code, "fault");
        if (str_is(evidence->key, "answer") && (is_fault || str_is(evidence->code, "real"))) {
            *ret_answer = (struct triage_answer){.unit = command->unit,
                                                 .case_id = command->case_id,
                                                 .is_fault = is_fault,
                                                 .time_ms = time_ms};
            return true;
        }
    }
    return false;
}
