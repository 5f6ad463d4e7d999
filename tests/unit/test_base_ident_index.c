/* The index of idents against a plain table. */
#include "support/runner.h"

#include <string.h>

#include "base/ident_index.h"

enum { OBJECTS = 400, TURNS = 200000 };

struct table {
    struct ident ids[OBJECTS];
    bool is_there[OBJECTS];
};

static const struct ident *ident_of(const void *ctx, uint32_t number)
{
    const struct table *table = ctx;
    return &table->ids[number];
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Many of one home, as bad luck or a poor hash would have it. */
static struct ident crowded_id(uint64_t number)
{
    struct ident id = {{0}};
    uint64_t half = number % 8 == 0 ? number * UINT64_C(0x9E3779B97F4A7C15) : number % 8;
    memcpy(id.bytes, &half, sizeof(half));
    memcpy(id.bytes + sizeof(half), &number, sizeof(number));
    half ^= number;
    memcpy(id.bytes, &half, sizeof(half));
    return id;
}

static void expect_all(const struct ident_index *index, const struct table *table)
{
    for (uint32_t i = 0; i < OBJECTS; i++) {
        assert_int_equal(ident_index_find(index, table->ids[i]),
                         table->is_there[i] ? i : IDENT_INDEX_NONE);
    }
}

static void test_ident_index_agrees_with_a_table(void **state)
{
    static struct table table;
    struct ident_index index;
    uint64_t random = 7;
    size_t count = 0;
    (void)state;
    ident_index_init(&index, ident_of, &table);
    for (uint32_t i = 0; i < OBJECTS; i++) {
        table.ids[i] = crowded_id(i + 1);
    }
    for (int turn = 0; turn < TURNS; turn++) {
        uint32_t number = (uint32_t)(next_random(&random) % OBJECTS);
        if (next_random(&random) % 2 == 0) {
            int expected = table.is_there[number] ? ERR_EXISTS : 0;
            assert_int_equal(ident_index_add(&index, table.ids[number], number), expected);
            count += !table.is_there[number];
            table.is_there[number] = true;
        } else {
            ident_index_remove(&index, table.ids[number]);
            count -= table.is_there[number];
            table.is_there[number] = false;
        }
        assert_int_equal(index.count, count);
        if (turn % 500 == 0) {
            expect_all(&index, &table);
        }
    }
    expect_all(&index, &table);
    ident_index_fini(&index);
}

static void test_ident_index_follows_an_object_that_moves(void **state)
{
    static struct table table;
    struct ident_index index;
    (void)state;
    ident_index_init(&index, ident_of, &table);
    table.ids[3] = crowded_id(99);
    assert_int_equal(ident_index_find(&index, table.ids[3]), IDENT_INDEX_NONE);
    ident_index_remove(&index, table.ids[3]);
    assert_int_equal(ident_index_add(&index, table.ids[3], 3), 0);
    ident_index_move(&index, table.ids[3], 5);
    table.ids[5] = table.ids[3];
    table.ids[3] = (struct ident){{1}};
    assert_int_equal(ident_index_find(&index, table.ids[5]), 5);
    assert_int_equal(ident_index_find(&index, table.ids[3]), IDENT_INDEX_NONE);
    ident_index_fini(&index);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ident_index_agrees_with_a_table),
        cmocka_unit_test(test_ident_index_follows_an_object_that_moves),
    };
    return RUN_TESTS(argc, argv, tests);
}
