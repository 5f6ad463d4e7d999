/* Partners: found from within their area, and from nowhere else. */
#include "core/org/org.h"
#include "support/runner.h"

#define S(literal) STR_LITERAL(literal)

static void put(struct org *org, const struct org_record *record)
{
    assert_null(org_record_fault(record));
    assert_int_equal(org_put(org, record), 0);
}

static void put_unit(struct org *org, const char *id, const char *parent)
{
    struct str above = str_of(parent);
    struct org_record record = {.kind = ORG_RECORD_UNIT,
                                .unit = {.id = str_of(id),
                                         .kind = above.len > 0 ? ORG_UNIT_SCHOOL : ORG_UNIT_COUNTY,
                                         .parent = above,
                                         .above = &above,
                                         .above_count = above.len > 0}};
    put(org, &record);
}

static void put_partner(struct org *org, const char *id, const char *area)
{
    struct str secret = S("sealed");
    struct org_record record = {.kind = ORG_RECORD_PARTNER,
                                .partner = {.id = str_of(id),
                                            .unit = str_of(area),
                                            .audience = S("hospital"),
                                            .channel = CASE_CHANNEL_WEBHOOK,
                                            .url = S("sealed"),
                                            .secrets = &secret,
                                            .secret_count = 1}};
    put(org, &record);
}

static struct org *make_org(bool keep_sealed)
{
    const struct org_setup setup = {.seed = 7, .keep_sealed = keep_sealed};
    struct org *org = org_new(&setup);
    assert_non_null(org);
    put_unit(org, "c1", "");
    put_unit(org, "s1", "c1");
    put_unit(org, "s2", "c1");
    put_partner(org, "county", "c1");
    put_partner(org, "one", "s1");
    put_partner(org, "two", "s2");
    return org;
}

static void test_org_partners_are_found_from_within_their_area_only(void **state)
{
    (void)state;
    struct org *org = make_org(true);
    const struct org_partner *found[4];
    assert_non_null(org_find_partner(org, S("s1"), S("one")));
    assert_non_null(org_find_partner(org, S("s1"), S("county")));
    assert_null(org_find_partner(org, S("s1"), S("two")));
    assert_null(org_find_partner(org, S("c1"), S("one")));
    assert_null(org_find_partner(org, S("s9"), S("county")));
    assert_int_equal(org_list_partners(org, S("s2"), found, 4), 2);
    assert_true(str_is(found[0]->id, "two"));
    assert_true(str_is(found[1]->id, "county"));
    assert_int_equal(org_list_partners(org, S("c1"), found, 4), 1);
    assert_int_equal(org_list_partners(org, S("s1"), found, 1), 2);
    assert_true(org_remove(org, S("c1/partner/county")));
    assert_int_equal(org_list_partners(org, S("c1"), found, 4), 0);
    org_free(org);
}

static void test_org_partners_lose_their_secrets_where_nothing_is_opened(void **state)
{
    (void)state;
    struct org *org = make_org(false);
    const struct org_partner *partner = org_find_partner(org, S("s1"), S("one"));
    assert_int_equal(partner->secret_count, 0);
    assert_int_equal(partner->url.len, 0);
    org_free(org);
    org = make_org(true);
    partner = org_find_partner(org, S("s1"), S("one"));
    assert_true(str_is(partner->secrets[0], "sealed"));
    assert_true(str_is(partner->url, "sealed"));
    org_free(org);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_org_partners_are_found_from_within_their_area_only),
        cmocka_unit_test(test_org_partners_lose_their_secrets_where_nothing_is_opened),
    };
    return RUN_TESTS(argc, argv, tests);
}
