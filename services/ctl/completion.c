/* swctl completion: what the shell needs to complete commands and options, made of the table of commands. */
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"

/* The first words of all commands, each once, and the globals. */
static void add_first_words(struct buffer *text)
{
    const char *last = "";
    size_t last_len = 0;
    for (size_t i = 0; ctl_commands[i] != NULL; i++) {
        const char *name = ctl_commands[i]->name;
        size_t len = strcspn(name, " ");
        if (len != last_len || strncmp(name, last, len) != 0) {
            buffer_format(text, " %.*s", (int)len, name);
        }
        last = name;
        last_len = len;
    }
    buffer_add_text(text, " --config --set --json --help --help-config");
}

/* Second words of a command of two: "keys" has "generate", "rotate" … Commands of one subject stand together. */
static void add_second_words(struct buffer *text)
{
    for (size_t i = 0; ctl_commands[i] != NULL; i++) {
        const char *name = ctl_commands[i]->name;
        size_t len = strcspn(name, " ");
        bool begins = i == 0 || strncmp(ctl_commands[i - 1]->name, name, len) != 0 ||
                      ctl_commands[i - 1]->name[len] != ' ';
        if (name[len] == '\0') {
            continue;
        }
        if (begins) {
            buffer_format(text, "    %.*s) words=\"", (int)len, name);
        }
        buffer_format(text, "%s%s", begins ? "" : " ", name + len + 1);
        const struct ctl_command *next = ctl_commands[i + 1];
        if (next == NULL || strncmp(next->name, name, len + 1) != 0) {
            buffer_add_text(text, "\" ;;\n");
        }
    }
}

/* Of the commands of one word, or of two. */
static void add_options(struct buffer *text, bool of_two)
{
    for (size_t i = 0; ctl_commands[i] != NULL; i++) {
        const struct ctl_command *command = ctl_commands[i];
        if ((strchr(command->name, ' ') != NULL) != of_two) {
            continue;
        }
        buffer_format(text, "    \"%s\") words=\"--help --json", command->name);
        for (const struct ctl_option *o = command->options; o != NULL && o->name != NULL; o++) {
            buffer_format(text, " %s", o->name);
        }
        buffer_add_text(text, "\" ;;\n");
    }
}

static void write_bash(struct buffer *text)
{
    buffer_add_text(text,
                    "# bash completion of swctl: eval \"$(swctl completion bash)\"\n"
                    "_swctl() {\n"
                    "  local current=${COMP_WORDS[COMP_CWORD]} first='' second='' words='' i\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "    case ${COMP_WORDS[i]} in\n"
                    "    --config | --set) i=$((i + 1)) ;;\n"
                    "    -*) ;;\n"
                    "    *) if [[ -z $first ]]; then first=${COMP_WORDS[i]};"
                    " elif [[ -z $second ]]; then second=${COMP_WORDS[i]}; fi ;;\n"
                    "    esac\n"
                    "  done\n"
                    "  if [[ -z $first ]]; then\n"
                    "    words=\"");
    add_first_words(text);
    buffer_add_text(text, "\"\n"
                          "  elif [[ $current == -* ]]; then\n"
                          "    case \"$first $second\" in\n");
    add_options(text, true);
    buffer_add_text(text, "    *) case $first in\n");
    add_options(text, false);
    buffer_add_text(text, "      esac ;;\n"
                          "    esac\n"
                          "  elif [[ -z $second ]]; then\n"
                          "    case $first in\n");
    add_second_words(text);
    buffer_add_text(text, "    esac\n"
                          "  fi\n"
                          "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                          "  [[ ${#COMPREPLY[@]} -gt 0 || $current == -* ]] || "
                          "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                          "}\n"
                          "complete -o filenames -F _swctl swctl\n");
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct buffer text;
    if (strcmp(ctl->words[0], "bash") != 0) {
        return ctl_fail(CTL_USAGE, "only for bash");
    }
    buffer_init(&text, 1 << 20);
    write_bash(&text);
    fwrite(text.bytes, 1, text.len, stdout);
    buffer_fini(&text);
    return CTL_OK;
}

const struct ctl_command ctl_command_completion = {
    .name = "completion",
    .arguments = "SHELL",
    .help = "Print what bash needs to complete commands and options: eval \"$(swctl completion "
            "bash)\".",
    .run = run,
};
