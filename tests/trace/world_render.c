/* Effects as lines of text. */
#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "world_inside.h"

static void say(struct world *world, const char *text)
{
    size_t length = strlen(text);
    assert_true(world->length + length + 1 < TEXT_BYTES);
    memcpy(world->text + world->length, text, length + 1);
    world->length += length;
}

static void say_time(struct world *world, int64_t at_ms)
{
    char text[32];
    long long s = (long long)(at_ms - WORLD_START_MS) / 1000;
    snprintf(text, sizeof(text), "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
    say(world, text);
}

static void say_str(struct world *world, struct str text)
{
    char copy[256];
    snprintf(copy, sizeof(copy), "%.*s", (int)text.len, text.at == NULL ? "" : text.at);
    say(world, copy);
}

static bool same_line(const struct effect *a, const struct effect *b)
{
    return b->kind == EFFECT_NOTICE && a->at_ms == b->at_ms &&
           a->notice.firing == b->notice.firing && str_equal(a->notice.person, b->notice.person) &&
           str_equal(a->notice.cause, b->notice.cause);
}

static void render_notice(struct world *world, size_t index)
{
    const struct effect *effect = world->effects.items[index];
    char text[64];
    if (index > 0 && same_line(effect, world->effects.items[index - 1])) {
        return;
    }
    say_time(world, effect->at_ms);
    say(world, " notice ");
    say_str(world, effect->notice.cause);
    snprintf(text, sizeof(text), "#%u ", effect->notice.firing);
    say(world, text);
    say_str(world, effect->notice.person);
    for (size_t i = index; i < world->effects.count && same_line(effect, world->effects.items[i]);
         i++) {
        say(world, i == index ? " " : "+");
        say(world, case_channel_name(world->effects.items[i]->notice.channel));
    }
    say(world, effect->notice.late ? " late" : "");
    if (effect->notice.merged_count > 0) {
        snprintf(text, sizeof(text), " merged %zu", effect->notice.merged_count);
        say(world, text);
    }
    say(world, "\n");
}

/* Lines that tell of mechanics; notices show the same. */
static bool is_detail(struct str what)
{
    static const char *const details[] = {"step_fired",       "plan_started", "episode_opened",
                                          "obligation_due",   "receipt",      "acked_again",
                                          "obligation_warned"};
    for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
        if (str_is(what, details[i])) {
            return true;
        }
    }
    return false;
}

static void render_journal(struct world *world, const struct effect *effect)
{
    const struct effect_journal *line = &effect->journal;
    if (is_detail(line->what) && (world->show & SHOW_DETAIL) == 0) {
        return;
    }
    say_time(world, effect->at_ms);
    say(world, " ");
    say_str(world, line->what);
    for (size_t i = 0; i < line->fact_count; i++) {
        struct str key = line->facts[i].key;
        if (key.len > 3 && memcmp(key.at + key.len - 3, "_ms", 3) == 0) {
            continue; /* times are the line's */
        }
        say(world, " ");
        say_str(world, key);
        say(world, "=");
        say_str(world, line->facts[i].value);
    }
    if (line->outcome.len > 0) {
        say(world, " ");
        say_str(world, line->outcome);
    }
    if (line->reason.len > 0) {
        say(world, " ");
        say_str(world, line->reason);
    }
    say(world, "\n");
}

static void render_control(struct world *world, const struct effect *effect)
{
    static const char *const names[] = {"cancel", "conflict_set", "conflict_cleared"};
    const struct effect_control *control = &effect->control;
    char text[64];
    say_time(world, effect->at_ms);
    snprintf(text, sizeof(text), " %s", names[control->kind]);
    say(world, text);
    if (control->kind == EFFECT_CANCEL) {
        snprintf(text, sizeof(text), " %zu ", control->notice_count);
        say(world, text);
        say_str(world, control->reason);
    } else {
        say(world, " ");
        say_str(world, control->person);
    }
    say(world, "\n");
}

static void render_alert(struct world *world, const struct effect *effect)
{
    say_time(world, effect->at_ms);
    say(world, " alert ");
    say_str(world, effect->alert.what);
    say(world, "\n");
}

void world_render(struct world *world, size_t index)
{
    const struct effect *effect = world->effects.items[index];
    unsigned show = world->show;
    if (effect->kind == EFFECT_JOURNAL && (show & SHOW_JOURNAL) != 0) {
        render_journal(world, effect);
    } else if (effect->kind == EFFECT_NOTICE && (show & SHOW_NOTICES) != 0) {
        render_notice(world, index);
    } else if (effect->kind == EFFECT_CONTROL && (show & SHOW_CONTROL) != 0) {
        render_control(world, effect);
    } else if (effect->kind == EFFECT_ALERT && (show & SHOW_ALERTS) != 0) {
        render_alert(world, effect);
    }
}
