#include "notifier/post.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "core/roster/zone.h"
#include "io/mail.h"
#include "io/seal.h"
#include "notifier/entry.h"
#include "notifier/filling.h"
#include "notifier/text.h"
#include "wire/cloudevents.h"
#include "wire/json.h"
#include "wire/provider.h"

enum { URL_BYTES = 512, HEADER_BYTES = 128, TYPE_BYTES = 128 };

/* Of a webhook's signatures: one of each secret. */
enum { SIGNATURES_BYTES = HEADER_BYTES + ORG_SECRETS_MAX * (SEAL_SIGNATURE_BYTES + 1) };

enum post_kind post_kind_of(const struct notifier *notifier, enum case_channel via)
{
    if (via == CASE_CHANNEL_WEBHOOK) {
        return POST_WEBHOOK;
    }
    return via == CASE_CHANNEL_MAIL && notifier->mail_url != NULL ? POST_MAIL : POST_PROVIDER;
}

/* A text with its NUL in the arena; NULL: memory is out. */
static const char *text_in(struct arena *arena, struct str text)
{
    return arena_copy_str(arena, text).at;
}

/* --- To a provider ----------------------------------------------------------------------------- */

static int build_for_provider(struct part *part, const struct held *held, enum case_channel via,
                              struct post *post)
{
    const struct notifier *notifier = part->notifier;
    struct text_message message;
    char id[IDENT_TEXT_BYTES];
    char *url = arena_alloc(&part->arena, URL_BYTES);
    int error = url == NULL ? ERR_MEMORY : text_build(part, held, via, &message);
    if (error != 0) {
        return error;
    }
    ident_format(held->id, id);
    struct provider_message out = {
        .notice_id = str_of(id),
        .ref = str_of(message.ref),
        .channel = str_of(case_channel_name(via)),
        .to = message.to,
        .text = message.text,
        .keys = via == CASE_CHANNEL_VOICE && held->wants_key_press ? STR_LITERAL("12")
                                                                   : STR_LITERAL(""),
        .person = notifier->names_person ? held->person : STR_LITERAL(""),
        .role = notifier->names_person ? held->role : STR_LITERAL(""),
    };
    (void)snprintf(url, URL_BYTES, "%s/v1/send", notifier->provider_url);
    post->options.url = url;
    post->headers[0] = "Content-Type: application/json";
    error = provider_encode(&out, &part->arena, &post->options.body);
    return error == ERR_INVALID ? ERR_CORRUPT : error;
}

/* --- To a partner ------------------------------------------------------------------------------ */

/* One signature of each secret that opens, behind the header's name; none: ERR_CORRUPT. */
static int sign(struct part *part, const struct held *held, const struct org_partner *partner,
                struct post *post)
{
    struct filling filling = {.part = part, .held = held};
    int64_t now_s = loop_utc_ms() / 1000;
    char *id = arena_alloc(&part->arena, HEADER_BYTES);
    char *time = arena_alloc(&part->arena, HEADER_BYTES);
    char *signatures = arena_alloc(&part->arena, SIGNATURES_BYTES);
    char id_text[IDENT_TEXT_BYTES];
    int count = 0;
    if (id == NULL || time == NULL || signatures == NULL) {
        return ERR_MEMORY;
    }
    ident_format(held->id, id_text);
    (void)snprintf(id, HEADER_BYTES, "webhook-id: %s", id_text);
    (void)snprintf(time, HEADER_BYTES, "webhook-timestamp: %" PRId64, now_s);
    int len = snprintf(signatures, SIGNATURES_BYTES, "webhook-signature:");
    for (size_t i = 0; i < partner->secret_count; i++) {
        char text[SEAL_SIGNATURE_BYTES];
        struct str secret = filling_open(&filling, partner->unit, partner->secrets[i]);
        if (secret.len > 0) {
            seal_webhook_sign(secret, str_of(id_text), now_s, post->options.body, text);
            len += snprintf(signatures + len, SIGNATURES_BYTES - (size_t)len, " %s", text);
            count++;
        }
    }
    post->headers[1] = id;
    post->headers[2] = time;
    post->headers[3] = signatures;
    return count > 0 ? 0 : ERR_CORRUPT;
}

static int build_for_webhook(struct part *part, const struct held *held, struct post *post)
{
    struct entry entry;
    char type[TYPE_BYTES];
    char id[IDENT_TEXT_BYTES];
    char at[JSON_TIME_BYTES];
    int error = entry_build(part, held, &entry);
    if (error != 0) {
        return error;
    }
    struct filling filling = {.part = part, .held = held};
    struct str url = filling_open(&filling, entry.partner->unit, entry.partner->url);
    if (url.len == 0) {
        return ERR_CORRUPT;
    }
    if (!cloudevent_format_type("feed", str_of(entry.record.what), type, sizeof(type))) {
        (void)snprintf(type, sizeof(type), "shouwang.feed");
    }
    ident_format(held->id, id);
    json_format_time(entry.record.at_ms, at);
    const struct cloudevent event = {.specversion = STR_LITERAL("1.0"),
                                     .id = str_of(id),
                                     .source = STR_LITERAL(NOTIFIER_SOURCE),
                                     .type = str_of(type),
                                     .time = str_of(at),
                                     .partitionkey = held->unit,
                                     .datacontenttype = STR_LITERAL("application/json")};
    post->options.url = text_in(&part->arena, url);
    post->headers[0] = "Content-Type: application/cloudevents+json";
    error = cloudevent_write_object(&event, &entry.record.base, &part->arena, &post->options.body);
    if (error == 0 && post->options.url == NULL) {
        error = ERR_MEMORY;
    }
    return error != 0 ? error : sign(part, held, entry.partner, post);
}

/* --- To a mail server -------------------------------------------------------------------------- */

/* A subject is read on lock screens: it is what an SMS would say. */
static int build_for_mail(struct part *part, const struct held *held, struct post *post)
{
    const struct notifier *notifier = part->notifier;
    struct zone zone = org_zone(part->org, held->unit);
    struct filling filling = {.via = CASE_CHANNEL_SMS};
    struct text_message text;
    char id[IDENT_TEXT_BYTES];
    struct mail_message message = {.from = str_of(notifier->mail.from), .at_ms = loop_utc_ms()};
    int error = text_build(part, held, CASE_CHANNEL_MAIL, &text);
    if (error == 0) {
        error = text_begin(part, held, &filling);
    }
    if (error == 0) {
        filling.lang = org_find_person(part->org, held->unit, held->person)->lang;
        error = filling_message(&filling, &message.subject);
    }
    if (error != 0) {
        return error;
    }
    ident_format(held->id, id);
    message.id = str_of(id);
    message.to = text.to;
    message.text = text.text;
    message.offset_s = zone_offset_s(&zone, message.at_ms);
    post->options.url = notifier->mail_url;
    post->mail = notifier->mail;
    post->mail.to = text_in(&part->arena, text.to);
    post->options.mail = &post->mail;
    error = mail_format(&message, &part->arena, &post->options.body);
    return error == 0 && post->mail.to == NULL ? ERR_MEMORY : error;
}

int post_build(struct part *part, const struct held *held, enum case_channel via,
               struct post **ret_post)
{
    int error = ERR_MEMORY;
    struct post *post = arena_alloc(&part->arena, sizeof(*post));
    if (post == NULL) {
        return error;
    }
    *post = (struct post){.kind = post_kind_of(part->notifier, via)};
    post->options.method = "POST";
    post->options.headers = post->headers;
    switch (post->kind) {
    case POST_PROVIDER:
        error = build_for_provider(part, held, via, post);
        break;
    case POST_WEBHOOK:
        error = build_for_webhook(part, held, post);
        break;
    case POST_MAIL:
        error = build_for_mail(part, held, post);
        break;
    }
    if (error == 0) {
        *ret_post = post;
    }
    return error;
}
