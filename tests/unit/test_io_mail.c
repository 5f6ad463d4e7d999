/* Messages as bytes: a header that nothing can add to, encoded subjects, base64 bodies; what a server's words mean. */
#include "io/mail.h"

#include <string.h>

#include "support/runner.h"

#define S(literal) STR_LITERAL(literal)

static struct arena arena;

static const struct mail_message plain = {
    .from = {"no-reply@shouwang.example", 25},
    .to = {"made-up@mail.example", 20},
    .subject = {"Look now", 8},
    .text = {"Hello", 5},
    .id = {"0123", 4},
    .at_ms = 1795479300000, /* 2026-11-24T00:15:00Z */
    .offset_s = 8 * 3600,
};

/* The message with a NUL behind it. */
static const char *format(const struct mail_message *message)
{
    struct str bytes;
    arena_reset(&arena);
    assert_int_equal(mail_format(message, &arena, &bytes), 0);
    return arena_copy_str(&arena, bytes).at;
}

static void test_mail_has_the_header_and_the_body_of_a_message(void **state)
{
    (void)state;
    assert_string_equal(format(&plain), "Date: Tue, 24 Nov 2026 08:15:00 +0800\r\n"
                                        "From: <no-reply@shouwang.example>\r\n"
                                        "To: <made-up@mail.example>\r\n"
                                        "Message-ID: <0123@shouwang.example>\r\n"
                                        "Subject: =?UTF-8?B?TG9vayBub3c=?=\r\n"
                                        "Auto-Submitted: auto-generated\r\n"
                                        "MIME-Version: 1.0\r\n"
                                        "Content-Type: text/plain; charset=utf-8\r\n"
                                        "Content-Transfer-Encoding: base64\r\n"
                                        "\r\n"
                                        "SGVsbG8=\r\n");
}

static void test_mail_date_is_of_the_zone(void **state)
{
    (void)state;
    struct mail_message message = plain;
    message.offset_s = -(3 * 3600 + 1800);
    assert_non_null(strstr(format(&message), "Date: Mon, 23 Nov 2026 20:45:00 -0330\r\n"));
    message.offset_s = 0;
    assert_non_null(strstr(format(&message), "Date: Tue, 24 Nov 2026 00:15:00 +0000\r\n"));
}

static void test_mail_subject_splits_no_character_and_no_line(void **state)
{
    (void)state;
    struct mail_message message = plain;
    /* Sixteen characters of three bytes: fifteen fit into one word of 45. */
    message.subject = S("守望守望守望守望守望守望守望守望");
    assert_non_null(
        strstr(format(&message),
               "Subject: =?UTF-8?B?5a6I5pyb5a6I5pyb5a6I5pyb5a6I5pyb5a6I5pyb5a6I5pyb5a6I5p"
               "yb5a6I?=\r\n =?UTF-8?B?5pyb?=\r\n"));
    message.subject = S("one\r\nBcc: other@mail.example");
    const char *text = format(&message);
    assert_non_null(strstr(text, "Subject: =?UTF-8?B?b25l?=\r\n"));
    assert_null(strstr(text, "Bcc"));
}

static void test_mail_refuses_what_would_add_a_header(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "nobody",
                                      "@x.example",
                                      "a@",
                                      "a@b@c",
                                      "a@b.example\r\nBcc: c@d.example",
                                      "A <a@b.example>",
                                      "a@b.example,c@d.example",
                                      "-f@b.example",
                                      "名@b.example"};
    struct str bytes;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct mail_message message = plain;
        assert_false(mail_is_address(str_of(bad[i])));
        message.to = str_of(bad[i]);
        assert_int_equal(mail_format(&message, &arena, &bytes), ERR_INVALID);
    }
    struct mail_message message = plain;
    message.id = S("a>\r\nBcc: x");
    assert_int_equal(mail_format(&message, &arena, &bytes), ERR_INVALID);
    message = plain;
    message.text = S("\xff");
    assert_int_equal(mail_format(&message, &arena, &bytes), ERR_INVALID);
    assert_true(mail_is_address(S("a.b+c@mail.example")));
}

static void test_mail_outcome_tells_never_from_later(void **state)
{
    (void)state;
    static const struct {
        struct http_call_result result;
        enum mail_outcome outcome;
    } cases[] = {
        {{.error = 0, .status = 250, .maybe_sent = true}, MAIL_TAKEN},
        {{.error = ERR_UNAVAILABLE}, MAIL_LATER},
        {{.error = ERR_IO, .status = 250}, MAIL_LATER}, /* broken before the message went out */
        {{.error = ERR_IO, .status = 550}, MAIL_NEVER},
        {{.error = ERR_IO, .status = 451}, MAIL_LATER},
        {{.error = ERR_IO, .status = 452, .maybe_sent = true}, MAIL_LATER},
        {{.error = ERR_IO, .status = 554, .maybe_sent = true}, MAIL_NEVER},
        {{.error = ERR_IO, .status = 535}, MAIL_LATER}, /* our login: an operator mends it */
        {{.error = ERR_TIMEOUT, .status = 354, .maybe_sent = true}, MAIL_SILENT},
        {{.error = ERR_DENIED, .status = 354}, MAIL_CANCELLED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(mail_outcome_of(&cases[i].result), cases[i].outcome);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mail_has_the_header_and_the_body_of_a_message),
        cmocka_unit_test(test_mail_date_is_of_the_zone),
        cmocka_unit_test(test_mail_subject_splits_no_character_and_no_line),
        cmocka_unit_test(test_mail_refuses_what_would_add_a_header),
        cmocka_unit_test(test_mail_outcome_tells_never_from_later),
    };
    arena_init(&arena, 1024 * 1024);
    int result = RUN_TESTS(argc, argv, tests);
    arena_fini(&arena);
    return result;
}
