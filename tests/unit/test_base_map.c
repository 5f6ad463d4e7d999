#include "base/map.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"

enum { KEYS = 2000 };

struct item {
    char key[16];
    bool in_map;
};

/* A made-up walk of adds and removes, checked against a plain array after each step. */
static void test_map_agrees_with_an_array_over_a_random_walk(void **state)
{
    (void)state;
    static struct item items[KEYS];
    struct map map;
    uint64_t random = 88172645463325252;
    size_t count = 0;
    map_init(&map, KEYS, 42);
    for (size_t i = 0; i < KEYS; i++) {
        snprintf(items[i].key, sizeof(items[i].key), "key-%zu", i);
    }
    for (int step = 0; step < 100000; step++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        struct item *item = &items[random % KEYS];
        struct str key = str_of(item->key);
        assert_ptr_equal(map_get(&map, key), item->in_map ? item : NULL);
        if ((random >> 40) % 2 == 0) {
            assert_int_equal(map_add(&map, key, item), item->in_map ? ERR_EXISTS : 0);
            count += item->in_map ? 0 : 1;
            item->in_map = true;
        } else {
            assert_ptr_equal(map_remove(&map, key), item->in_map ? item : NULL);
            count -= item->in_map ? 1 : 0;
            item->in_map = false;
        }
        assert_int_equal(map.count, count);
    }
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(map_get(&map, str_of(items[i].key)), items[i].in_map ? &items[i] : NULL);
    }
    map_fini(&map);
}

static void test_map_refuses_more_than_its_bound(void **state)
{
    (void)state;
    struct map map;
    int value = 0;
    map_init(&map, 2, 1);
    assert_int_equal(map_add(&map, str_of("a"), &value), 0);
    assert_int_equal(map_add(&map, str_of("b"), &value), 0);
    assert_int_equal(map_add(&map, str_of("c"), &value), ERR_FULL);
    assert_ptr_equal(map_remove(&map, str_of("a")), &value);
    assert_int_equal(map_add(&map, str_of("c"), &value), 0);
    map_fini(&map);
    map_fini(&map);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_agrees_with_an_array_over_a_random_walk),
        cmocka_unit_test(test_map_refuses_more_than_its_bound),
    };
    return RUN_TESTS(argc, argv, tests);
}
