#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

#include "support/runner.h"

static void test_arena_gives_zeroed_aligned_bytes_again_after_reset(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    /* A large use, a small one, a large one: the blocks of the first serve the last. */
    static const size_t largest[] = {3000, 100, 3000};
    const unsigned char *ends[3] = {NULL};
    for (size_t round = 0; round < 3; round++) {
        for (size_t size = 0; size < largest[round]; size += 7) {
            unsigned char *at = arena_alloc(&arena, size);
            assert_non_null(at);
            assert_int_equal((uintptr_t)at % alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(at[i], 0);
            }
            memset(at, 0xA5, size);
            ends[round] = at;
        }
        arena_reset(&arena);
        assert_int_equal(arena.used_bytes, 0);
    }
    assert_ptr_equal(ends[0], ends[2]);
    arena_fini(&arena);
}

static void test_arena_answers_null_at_its_bound(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 64);
    assert_non_null(arena_alloc(&arena, 48));
    assert_null(arena_alloc(&arena, 32));
    assert_non_null(arena_alloc(&arena, 16));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc_array(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_copy_str(&arena, str_of("x")).at);
    arena_reset(&arena);
    struct str copy = arena_copy_str(&arena, str_of("守望"));
    assert_int_equal(copy.len, 6);
    assert_string_equal(copy.at, "守望");
    arena_fini(&arena);
}

static void test_arena_grows_an_array_by_doubling(void **state)
{
    struct arena arena;
    int *numbers = NULL;
    size_t capacity = 0;
    (void)state;
    arena_init(&arena, 64 * 1024);
    for (int i = 0; i < 100; i++) {
        int *grown = arena_grow_array(&arena, numbers, (size_t)i, &capacity, sizeof(int));
        assert_non_null(grown);
        numbers = grown;
        numbers[i] = i;
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(numbers[i], i);
    }
    size_t before = capacity;
    assert_null(arena_grow_array(&arena, numbers, capacity, &capacity, 64 * 1024));
    assert_int_equal(capacity, before);
    assert_ptr_equal(arena_grow_array(&arena, numbers, 3, &capacity, sizeof(int)), numbers);
    arena_fini(&arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena_grows_an_array_by_doubling),
        cmocka_unit_test(test_arena_gives_zeroed_aligned_bytes_again_after_reset),
        cmocka_unit_test(test_arena_answers_null_at_its_bound),
    };
    return RUN_TESTS(argc, argv, tests);
}
