#include "ctl/signal_line.h"

static void add_list(struct buffer *text, const char *before, const struct str *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_format(text, "%s%.*s", i == 0 ? before : ", ", (int)items[i].len, items[i].at);
    }
}

void signal_line_add(const struct replay_signal *signal, struct buffer *text)
{
    bool is_unknown = signal->subject.len == 0;
    buffer_format(text, "%s %.*s %.*s", case_level_name(signal->level), (int)signal->kind.len,
                  signal->kind.at, is_unknown ? 1 : (int)signal->subject.len,
                  is_unknown ? "-" : signal->subject.at);
    add_list(text, ": ", signal->rules, signal->rule_count);
    if (signal->ask_interview.len > 0) {
        add_list(text, "; ask ", &signal->ask_interview, 1);
    }
    add_list(text, "; tell ", signal->tell, signal->tell_count);
    buffer_add_text(text, signal->only_on_file ? "; on file" : "");
    buffer_add_text(text, signal->is_silent ? "; silent" : "");
}
