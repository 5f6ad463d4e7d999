#include "sim/provider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/map.h"
#include "sim/fakes.h"

enum {
    MESSAGES_MAX = 1 << 20,
    TRIES_MAX = 60,
    TRY_AGAIN_MS = 20000,
    TOLD_WITHIN_MS = 10000 /* phone.timeout */
};

/* A message it has accepted, by the notice's id. */
struct message {
    struct provider *provider;
    struct provider_sent sent;
    bool is_lied_about;
};

/* What it wants to tell a notifier. */
struct word {
    struct provider *provider;
    struct str body;
    bool is_taken;
    unsigned tries;
    bool is_last;
};

struct provider {
    struct machine_world *world;
    struct dice *dice;
    struct provider_calls calls;
    struct provider_habits habits;
    struct map messages;
};

struct provider *provider_new(struct machine_world *world, struct dice *dice,
                              const struct provider_calls *calls)
{
    struct provider *provider = calloc(1, sizeof(*provider));
    sw_assert(provider != NULL);
    provider->world = world;
    provider->dice = dice;
    provider->calls = *calls;
    provider->habits =
        (struct provider_habits){.quick_ms = 1, .slow_ms = 50, .word_ms = 50, .bring_ms = 3000};
    map_init(&provider->messages, MESSAGES_MAX, 0);
    return provider;
}

void provider_free(struct provider *provider)
{
    if (provider != NULL) {
        map_fini(&provider->messages);
        free(provider);
    }
}

void provider_set_habits(struct provider *provider, const struct provider_habits *habits)
{
    provider->habits = *habits;
}

bool provider_is_reached(struct provider *provider)
{
    return !dice_chance(provider->dice, provider->habits.dead_line);
}

static void *take_room(struct provider *provider, size_t bytes)
{
    void *room = arena_alloc(provider->world->arena, bytes);
    sw_assert(room != NULL);
    return room;
}

static struct str keep_text(struct provider *provider, struct str text)
{
    struct str kept = arena_copy_str(provider->world->arena, text);
    sw_assert(kept.at != NULL);
    return kept;
}

/* The value of a text member; no escapes in what is looked for. */
static struct str member(struct str body, const char *name)
{
    char begin[40];
    int len = snprintf(begin, sizeof(begin), "\"%s\":\"", name);
    const char *at = memmem(body.at, body.len, begin, (size_t)len);
    if (at == NULL) {
        return STR_LITERAL("");
    }
    at += len;
    const char *end = memchr(at, '"', body.len - (size_t)(at - body.at));
    sw_assert(end != NULL);
    return (struct str){at, (size_t)(end - at)};
}

/* --- its words to us --------------------------------------------------------------------------------------------------- */

static void say(void *ctx, uint64_t mark);

static void said(void *ctx, unsigned status)
{
    struct word *word = ctx;
    word->is_taken = status != 0 && status != 503;
}

static void say(void *ctx, uint64_t mark)
{
    struct word *word = ctx;
    struct provider *provider = word->provider;
    struct machine_world *world = provider->world;
    (void)mark;
    if (word->is_taken || word->tries++ == TRIES_MAX) {
        return;
    }
    /* A process that dies over it has not answered: tried again. */
    agenda_add(world->agenda, agenda_now(world->agenda) + TRY_AGAIN_MS, say, word, 0);
    size_t slot = dice_below(provider->dice, MACHINE_SLOTS);
    machine_post_callback(world->machines[BROKER_NOTIFIER][slot], word->body, said, word);
}

void provider_tell(struct provider *provider, struct str ref, const char *state, const char *digits)
{
    char body[1024];
    struct agenda *agenda = provider->world->agenda;
    (void)snprintf(body, sizeof(body),
                   "{\"ref\":\"%.*s\",\"state\":\"%s\",\"digits\":\"%s\",\"at\":%lld}",
                   (int)ref.len, ref.at, state, digits, (long long)agenda_now(agenda));
    unsigned times = dice_chance(provider->dice, provider->habits.no_word) ? 0
                     : dice_chance(provider->dice, provider->habits.twice) ? 2
                                                                           : 1;
    for (unsigned i = 0; i < times; i++) {
        struct word *word = take_room(provider, sizeof(*word));
        *word = (struct word){.provider = provider, .body = keep_text(provider, str_of(body))};
        agenda_add(agenda,
                   agenda_now(agenda) + dice_between(provider->dice, 1, provider->habits.word_ms),
                   say, word, 0);
    }
}

/* --- our requests ------------------------------------------------------------------------------------------------------ */

static void bring(void *ctx, uint64_t mark)
{
    struct message *message = ctx;
    struct provider *provider = message->provider;
    (void)mark;
    if (message->is_lied_about) {
        return;
    }
    if (dice_chance(provider->dice, provider->habits.failed)) {
        provider_tell(provider, message->sent.ref, "failed", "");
        return;
    }
    provider_tell(provider, message->sent.ref, "delivered", "");
    provider->calls.rings(provider->calls.ctx, &message->sent);
}

static struct message *accept(struct provider *provider, const struct provider_sent *sent)
{
    struct agenda *agenda = provider->world->agenda;
    struct message *message = take_room(provider, sizeof(*message));
    *message = (struct message){.provider = provider, .sent = *sent};
    message->is_lied_about = dice_chance(provider->dice, provider->habits.lying);
    message->sent.ref = keep_text(provider, sent->ref);
    message->sent.channel = keep_text(provider, sent->channel);
    message->sent.person = keep_text(provider, sent->person);
    message->sent.role = keep_text(provider, sent->role);
    if (!sent->was_had) {
        sw_assert(map_add(&provider->messages, ident_part(&message->sent.notice_id), message) == 0);
    }
    agenda_add(agenda,
               agenda_now(agenda) + dice_between(provider->dice, 1, provider->habits.bring_ms),
               bring, message, 0);
    return message;
}

static struct provider_sent read_send(const struct machine *from, struct str body)
{
    struct provider_sent sent = {.ref = member(body, "ref"),
                                 .channel = member(body, "channel"),
                                 .person = member(body, "person"),
                                 .role = member(body, "role"),
                                 .takes_keys = member(body, "keys").len > 0,
                                 .from = from};
    sw_assert(ident_parse(member(body, "notice_id"), &sent.notice_id));
    return sent;
}

static struct provider_verdict take_send(struct provider *provider, const struct machine *from,
                                         struct str body)
{
    const struct provider_habits *habits = &provider->habits;
    struct provider_sent sent = read_send(from, body);
    struct provider_verdict verdict = {
        .status = 200,
        .after_ms = dice_between(provider->dice, habits->quick_ms, habits->slow_ms),
        .body = STR_LITERAL("{\"message_id\":\"m-1\"}")};
    if (dice_chance(provider->dice, habits->busy)) {
        verdict.status = 503;
    } else if (dice_chance(provider->dice, habits->throttled)) {
        verdict.status = 429;
    } else if (dice_chance(provider->dice, habits->refused)) {
        verdict.status = 400;
    } else if (dice_chance(provider->dice, habits->deaf)) {
        verdict.status = 0;
    } else {
        sent.is_accepted = true;
        verdict.status = dice_chance(provider->dice, habits->silent) ? 0 : 200;
    }
    sent.is_told = verdict.status == 200 && verdict.after_ms < TOLD_WITHIN_MS;
    sent.was_had = map_get(&provider->messages, ident_part(&sent.notice_id)) != NULL;
    if (sent.is_accepted) {
        sent = accept(provider, &sent)->sent;
    }
    provider->calls.heard(provider->calls.ctx, &sent);
    return verdict;
}

static struct provider_verdict take_question(struct provider *provider, const char *url)
{
    struct ident id;
    const char *slash = strrchr(url, '/');
    struct provider_verdict verdict = {
        .status = 404,
        .after_ms = dice_between(provider->dice, 1, provider->habits.slow_ms),
        .body = STR_LITERAL("{\"message_id\":\"m-1\"}")};
    sw_assert(slash != NULL && ident_parse(str_of(slash + 1), &id));
    if (map_get(&provider->messages, ident_part(&id)) != NULL) {
        verdict.status = 200;
    }
    if (dice_chance(provider->dice, provider->habits.forgetful)) {
        verdict.status = 500;
    }
    return verdict;
}

struct provider_verdict provider_take(struct provider *provider, const struct machine *from,
                                      const char *method, const char *url, struct str body)
{
    return strcmp(method, "POST") == 0 ? take_send(provider, from, body)
                                       : take_question(provider, url);
}
