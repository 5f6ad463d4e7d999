/* Blocks of all sizes: none lies over another, and what is given back is taken again. */
#include "support/runner.h"

#include <stdalign.h>
#include <string.h>

#include "base/pool.h"

enum { BLOCKS = 300, TURNS = 50000, LARGEST = 2 * POOL_BLOCK_MAX_BYTES };

struct block {
    uint8_t *at;
    size_t bytes;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void expect_filled(const struct block *block, size_t index)
{
    for (size_t i = 0; i < block->bytes; i++) {
        assert_int_equal(block->at[i], (uint8_t)(index + block->bytes));
    }
}

static void test_pool_keeps_blocks_apart(void **state)
{
    static struct pool pool;
    static struct block blocks[BLOCKS];
    uint64_t random = 11;
    (void)state;
    for (int turn = 0; turn < TURNS; turn++) {
        size_t index = next_random(&random) % BLOCKS;
        struct block *block = &blocks[index];
        if (block->at != NULL) {
            expect_filled(block, index);
            pool_give(&pool, block->at, block->bytes);
        }
        size_t reach = next_random(&random) % 8 == 0 ? LARGEST : 1000;
        block->bytes = 1 + next_random(&random) % reach;
        block->at = pool_take(&pool, block->bytes);
        assert_non_null(block->at);
        assert_int_equal((uintptr_t)block->at % alignof(max_align_t), 0);
        memset(block->at, (uint8_t)(index + block->bytes), block->bytes);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].at != NULL) {
            expect_filled(&blocks[i], i);
            pool_give(&pool, blocks[i].at, blocks[i].bytes);
        }
    }
    pool_give(&pool, NULL, 5);
    pool_fini(&pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_keeps_blocks_apart),
    };
    return RUN_TESTS(argc, argv, tests);
}
