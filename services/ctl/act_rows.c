/* The actions on a case: each command with its options, and which of them fills which member of the action. */
#include "ctl/act.h"
#include "ctl/commands.h"

#define ACT_UNIT                                                                                   \
    {                                                                                              \
        "--unit", "UNIT", "where the case is, if its number is not enough"                         \
    }
#define ACT_AS                                                                                     \
    {                                                                                              \
        "--as", "WHO", "login or person id (key actor)"                                            \
    }
#define ACT_ROLE                                                                                   \
    {                                                                                              \
        "--role", "ROLE", "role acted in (the one in which the case told WHO)"                     \
    }
#define ACT_WAIT                                                                                   \
    {                                                                                              \
        "--wait", "DURATION", "how long the outcome is waited for (2s)"                            \
    }
#define ACT_LAST                                                                                   \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }

static const struct ctl_option ack_options[] = {
    ACT_UNIT, ACT_AS, ACT_ROLE, ACT_WAIT, ACT_LAST,
};
const struct ctl_command ctl_command_ack = {
    .name = "ack",
    .arguments = "CASE",
    .help = "Acknowledge: I have it.",
    .options = ack_options,
    .run = act_run,
};

static const struct ctl_option met_options[] = {
    {"--performed-at", "TIME", "when it was done: RFC 3339, or 8m for 8 minutes ago (now)"},
    {"--evidence", "KEY=VALUE", "a code, or a text, which is sealed; may be repeated"},
    {"--occurrence", "N", "of a recurring one (the one that is due)"},
    {"--episode", "N", "of the case (the current one)"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_met = {
    .name = "met",
    .arguments = "CASE OBLIGATION",
    .help = "Record an obligation as done, with its evidence.",
    .options = met_options,
    .run = act_run,
};

static const struct ctl_option waive_options[] = {
    {"--reason", "TEXT", "why; sealed"},
    {"--reason-code", "CODE", "a code of the pack"},
    {"--occurrence", "N", "of a recurring one"},
    {"--episode", "N", "of the case"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_waive = {
    .name = "waive",
    .arguments = "CASE OBLIGATION",
    .help = "Waive an obligation, with a reason.",
    .options = waive_options,
    .run = act_run,
};

static const struct ctl_option conflict_options[] = {
    {"--reason", "CODE", "pupil_fears, unfit_now or suspected_offender"},
    {"--note", "TEXT", "sealed"},
    {"--clear", NULL, "the person may take part again; a second person must say so too"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_conflict = {
    .name = "conflict",
    .arguments = "CASE PERSON",
    .help = "Exclude a person from the case, at once.",
    .options = conflict_options,
    .run = act_run,
};

static const struct ctl_option release_options[] = {
    {"--reason", "TEXT", "sealed"}, ACT_UNIT, ACT_AS, ACT_ROLE, ACT_WAIT, ACT_LAST,
};
const struct ctl_command ctl_command_release = {
    .name = "release",
    .arguments = "CASE PERSON",
    .help = "Let a held guardian, or the class layer (class), be told.",
    .options = release_options,
    .run = act_run,
};

static const struct ctl_option join_options[] = {
    {"--episode", "N", "which one is joined to the one before"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_join = {
    .name = "join",
    .arguments = "CASE [OTHER-CASE]",
    .help = "Two reports of one happening.",
    .options = join_options,
    .run = act_run,
};

static const struct ctl_option level_options[] = {
    {"--reason", "TEXT", "why; sealed"},
    {"--reason-code", "CODE", "a code of the pack"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_level = {
    .name = "level",
    .arguments = "CASE LEVEL",
    .help = "Change the level: attention, warning, high, crisis.",
    .options = level_options,
    .run = act_run,
};

static const struct ctl_option settle_options[] = {
    {"--summary", "TEXT", "sealed"}, ACT_UNIT, ACT_AS, ACT_ROLE, ACT_WAIT, ACT_LAST,
};
const struct ctl_command ctl_command_settle = {
    .name = "settle",
    .arguments = "CASE",
    .help = "\xe5\xa4\x84\xe7\xbd\xae\xe5\xae\x8c\xe6\x88\x90: the happening is dealt with.",
    .options = settle_options,
    .run = act_run,
};

static const struct ctl_option stand_down_options[] = {
    {"--reason", "CODE", "mistaken, duplicate, false_report or wrong_person"},
    {"--note", "TEXT", "sealed"},
    {"--confirm", NULL, "confirm another person's stand-down"},
    {"--deny", NULL, "it was no false alarm: the case reopens"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_stand_down = {
    .name = "stand-down",
    .arguments = "CASE",
    .help = "A false alarm; a second person confirms it within 24 h.",
    .options = stand_down_options,
    .run = act_run,
};

static const struct ctl_option close_options[] = {
    {"--summary", "TEXT", "sealed"}, ACT_UNIT, ACT_AS, ACT_ROLE, ACT_WAIT, ACT_LAST,
};
const struct ctl_command ctl_command_close = {
    .name = "close",
    .arguments = "CASE OUTCOME",
    .help = "Close: true, benign, false, malicious, unknown, or a code of the pack.",
    .options = close_options,
    .run = act_run,
};

static const struct ctl_option note_options[] = {
    ACT_UNIT, ACT_AS, ACT_ROLE, ACT_WAIT, ACT_LAST,
};
const struct ctl_command ctl_command_note = {
    .name = "note",
    .arguments = "CASE TEXT",
    .help = "Add a note, sealed.",
    .options = note_options,
    .run = act_run,
};

static const struct ctl_option help_options[] = {
    {"--reason", "TEXT", "sealed"}, ACT_UNIT, ACT_AS, ACT_ROLE, ACT_WAIT, ACT_LAST,
};
const struct ctl_command ctl_command_help = {
    .name = "help",
    .arguments = "CASE ROLE",
    .help = "Call in police_liaison or hospital: a person's decision.",
    .options = help_options,
    .run = act_run,
};

static const struct ctl_option respond_options[] = {
    {"--note", "TEXT", "sealed"},
    {"--episode", "N", "of the case (the current one)"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_respond = {
    .name = "respond",
    .arguments = "CASE OBLIGATION ANSWER",
    .help = "As the recipient of a report: confirmed, disputed or returned; as one who was asked "
            "to take a "
            "pupil: refused, and the next one is asked.",
    .options = respond_options,
    .run = act_run,
};

const struct ctl_command ctl_command_urge = {
    .name = "urge",
    .arguments = "CASE OBLIGATION",
    .help = "Have the owner of an obligation told once more.",
    .options = respond_options,
    .run = act_run,
};

static const struct ctl_option hand_over_options[] = {
    {"--note", "TEXT", "sealed"}, ACT_UNIT, ACT_AS, ACT_ROLE, ACT_WAIT, ACT_LAST,
};
const struct ctl_command ctl_command_hand_over = {
    .name = "hand-over",
    .arguments = "CASE PERSON",
    .help = "Give a case to the next person, who is told and acknowledges.",
    .options = hand_over_options,
    .run = act_run,
};

static const struct ctl_option team_options[] = {
    {"--until", "TIME", "put PERSON on the team until then: RFC 3339"},
    {"--reason", "TEXT", "what for; sealed; needed with --until"},
    ACT_UNIT,
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_team = {
    .name = "team",
    .arguments = "CASE [PERSON]",
    .help =
        "Put somebody on the temporary team of a case until a time; without one, take PERSON, or "
        "everybody, off it.",
    .options = team_options,
    .run = act_run,
};

static const struct ctl_option link_options[] = {
    ACT_AS,
    ACT_ROLE,
    ACT_WAIT,
    ACT_LAST,
};
const struct ctl_command ctl_command_link = {
    .name = "link",
    .arguments = "UNIT UNRESOLVED PERSON",
    .help = "Join the cases of an unresolved person, or those stood down as a wrong person's, to a "
            "person of the directory.",
    .options = link_options,
    .run = link_run,
};

const struct act act_rows[] = {
    {&ctl_command_ack, NULL, "acknowledge", {{ACT_END, NULL, NULL, 0, false}}},
    {&ctl_command_met,
     NULL,
     "met",
     {{ACT_TEXT, "obligation", NULL, 1, false},
      {ACT_TIME, "performed_at_ms", "--performed-at", 0, false},
      {ACT_EVIDENCE, "evidence", "--evidence", 0, false},
      {ACT_NUMBER, "occurrence", "--occurrence", 0, false},
      {ACT_NUMBER, "episode", "--episode", 0, false}}},
    {&ctl_command_waive,
     NULL,
     "waive",
     {{ACT_TEXT, "obligation", NULL, 1, false},
      {ACT_TEXT, "reason", "--reason", 0, true},
      {ACT_TEXT, "reason_code", "--reason-code", 0, false},
      {ACT_NUMBER, "occurrence", "--occurrence", 0, false},
      {ACT_NUMBER, "episode", "--episode", 0, false}}},
    {&ctl_command_conflict,
     "--clear",
     "clear_conflict",
     {{ACT_TEXT, "person", NULL, 1, false}, {ACT_TEXT, "reason", "--note", 0, false}}},
    {&ctl_command_conflict,
     NULL,
     "set_conflict",
     {{ACT_TEXT, "person", NULL, 1, false},
      {ACT_TEXT, "reason", "--reason", 0, true},
      {ACT_TEXT, "note", "--note", 0, false}}},
    {&ctl_command_release,
     NULL,
     "release_hold",
     {{ACT_TEXT, "person", NULL, 1, false}, {ACT_TEXT, "reason", "--reason", 0, false}}},
    {&ctl_command_join,
     NULL,
     "join_episodes",
     {{ACT_TEXT, "other_case_id", NULL, 1, false}, {ACT_NUMBER, "episode", "--episode", 0, false}}},
    {&ctl_command_level,
     NULL,
     "change_level",
     {{ACT_TEXT, "level", NULL, 1, false},
      {ACT_TEXT, "reason", "--reason", 0, false},
      {ACT_TEXT, "reason_code", "--reason-code", 0, false}}},
    {&ctl_command_settle, NULL, "settle", {{ACT_TEXT, "summary", "--summary", 0, false}}},
    {&ctl_command_stand_down,
     "--confirm",
     "confirm_stand_down",
     {{ACT_TRUE, "confirmed", NULL, 0, false}}},
    {&ctl_command_stand_down,
     "--deny",
     "confirm_stand_down",
     {{ACT_FALSE, "confirmed", NULL, 0, false}}},
    {&ctl_command_stand_down,
     NULL,
     "stand_down",
     {{ACT_TEXT, "reason", "--reason", 0, true}, {ACT_TEXT, "note", "--note", 0, false}}},
    {&ctl_command_close,
     NULL,
     "close",
     {{ACT_TEXT, "outcome", NULL, 1, false}, {ACT_TEXT, "summary", "--summary", 0, false}}},
    {&ctl_command_note, NULL, "note", {{ACT_TEXT, "text", NULL, 1, false}}},
    {&ctl_command_help,
     NULL,
     "request_help",
     {{ACT_TEXT, "role", NULL, 1, false}, {ACT_TEXT, "reason", "--reason", 0, false}}},
    {&ctl_command_respond,
     NULL,
     "respond",
     {{ACT_TEXT, "obligation", NULL, 1, false},
      {ACT_TEXT, "answer", NULL, 2, false},
      {ACT_TEXT, "note", "--note", 0, false},
      {ACT_NUMBER, "episode", "--episode", 0, false}}},
    {&ctl_command_urge,
     NULL,
     "urge",
     {{ACT_TEXT, "obligation", NULL, 1, false},
      {ACT_TEXT, "note", "--note", 0, false},
      {ACT_NUMBER, "episode", "--episode", 0, false}}},
    {&ctl_command_hand_over,
     NULL,
     "hand_over",
     {{ACT_TEXT, "person", NULL, 1, false}, {ACT_TEXT, "note", "--note", 0, false}}},
    {&ctl_command_team,
     NULL,
     "team",
     {{ACT_TEXT, "person", NULL, 1, false},
      {ACT_TIME, "until_at_ms", "--until", 0, false},
      {ACT_TEXT, "reason", "--reason", 0, false}}},
    {&ctl_command_link,
     NULL,
     "link",
     {{ACT_TEXT, "unresolved", NULL, 1, false}, {ACT_TEXT, "person", NULL, 2, false}}},
    {NULL, NULL, NULL, {{ACT_END, NULL, NULL, 0, false}}},
};
