/* Who may read what of the live wire. */
#include "relay/clients.h"

#include <stdlib.h>
#include <string.h>

#include "relay/recent.h"
#include "support/runner.h"

#define KEY_A "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define KEY_B "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

static const char good[] = "# made up\n"
                           "\n"
                           "qh-police  " KEY_A "  qh-police. alerts.city.qinghe.\n"
                           "qh-hospital\t" KEY_B "\talerts.city.qinghe.qh-erxiao.\r\n";

static struct clients *parse(const char *text)
{
    struct clients *clients = NULL;
    size_t line = 0;
    assert_int_equal(clients_parse(str_of(text), &line, &clients), 0);
    return clients;
}

static void refuse(const char *text, size_t at)
{
    struct clients *clients = NULL;
    size_t line = 0;
    assert_int_equal(clients_parse(str_of(text), &line, &clients), ERR_INVALID);
    assert_int_equal(line, at);
    assert_null(clients);
}

static void test_relay_clients_are_found_by_key_and_name(void **state)
{
    (void)state;
    struct clients *clients = parse(good);
    assert_int_equal(clients->count, 2);
    assert_string_equal(clients_find_key(clients, str_of(KEY_A))->name, "qh-police");
    assert_string_equal(clients_find(clients, STR_LITERAL("qh-hospital"))->key, KEY_B);
    assert_null(clients_find_key(clients, STR_LITERAL("")));
    assert_null(clients_find(clients, STR_LITERAL("qh")));
    free(clients);
}

static void test_relay_clients_file_names_the_line_at_fault(void **state)
{
    (void)state;
    refuse("a " KEY_A, 1);                         /* no prefix */
    refuse("\na short alerts.\n", 2);              /* no key */
    refuse("A " KEY_A " alerts.\n", 1);            /* not a name */
    refuse("alerts " KEY_A " alerts.\n", 1);       /* a stream's name */
    refuse("a " KEY_A " alerts\n", 1);             /* no dot at its end */
    refuse("a " KEY_A " .alerts.\n", 1);           /* an empty label */
    refuse("a " KEY_A " b.\n", 1);                 /* another's feed */
    refuse("a " KEY_A " a.\nb " KEY_A " b.\n", 2); /* a key twice */
    refuse("a " KEY_A " a.\na " KEY_B " a.\n", 2); /* a name twice */
    refuse("a " KEY_A " alerts.?.\n", 1);          /* units nobody knows */
}

static void expect(const struct client *client, const char *wish, const char *first, size_t count)
{
    struct str found[CLIENT_PREFIXES_MAX];
    assert_int_equal(client_narrow(client, str_of(wish), found), count);
    assert_true(count == 0 || str_is(found[0], first));
}

static void test_relay_clients_get_no_more_than_their_own(void **state)
{
    (void)state;
    struct clients *clients = parse(good);
    const struct client *police = &clients->clients[0];
    expect(police, "", "qh-police.", 2);
    expect(police, "qh-", "qh-police.", 1);
    expect(police, "qh-police.city.", "qh-police.city.", 1);
    expect(police, "alerts.", "alerts.city.qinghe.", 1);
    expect(police, "alerts.city.qinghe.qh-erxiao.", "alerts.city.qinghe.qh-erxiao.", 1);
    expect(police, "alerts.city.other.", "", 0);
    expect(police, "qh-hospital.", "", 0);
    expect(police, "alerts.city.qinghe-2.", "", 0);
    expect(police, "qh-police-2.", "", 0);
    free(clients);
}

static struct parcel *parcel(int32_t partition, int64_t offset)
{
    const struct kafka_record record = {
        .partition = partition, .offset = offset, .value = STR_LITERAL("body")};
    struct parcel *made = parcel_new(STR_LITERAL("alerts"), 0, STR_LITERAL("city.unit."), &record);
    assert_non_null(made);
    return made;
}

static void test_relay_recent_forgets_the_oldest_and_says_from_where_it_is_whole(void **state)
{
    (void)state;
    struct parcel *first = parcel(1, 7);
    struct recent *recent = recent_new(2 * first->size_bytes);
    assert_true(str_is(first->parts[PARCEL_TOPIC], "alerts.city.unit."));
    assert_true(str_is(first->parts[PARCEL_SEQUENCE], "alerts 1 7"));
    assert_true(str_is(first->parts[PARCEL_HEADERS], "{}"));
    assert_int_equal(recent_floor(recent, 0, 1), -1);
    recent_add(recent, first);
    recent_add(recent, parcel(1, 9));
    assert_int_equal(recent_floor(recent, 0, 1), 7);
    recent_add(recent, parcel(2, 3));
    assert_int_equal(recent_floor(recent, 0, 1), 8);
    assert_int_equal(recent_floor(recent, 0, 2), 3);
    recent_add(recent, parcel(2, 4));
    assert_int_equal(recent_floor(recent, 0, 1), 10);
    assert_int_equal(recent_floor(recent, 1, 1), -1);
    recent_free(recent);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relay_clients_are_found_by_key_and_name),
        cmocka_unit_test(test_relay_clients_file_names_the_line_at_fault),
        cmocka_unit_test(test_relay_clients_get_no_more_than_their_own),
        cmocka_unit_test(test_relay_recent_forgets_the_oldest_and_says_from_where_it_is_whole),
    };
    return RUN_TESTS(argc, argv, tests);
}
