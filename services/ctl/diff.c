#include "ctl/diff.h"

#include <stdint.h>

#include "base/assert.h"

enum { DIFF_LINES_MAX = 60000 };

/* lengths[i][j]: of the longest list of lines that lies in both first[i…] and second[j…]. */
static void fill(struct diff_lines first, struct diff_lines second, uint16_t *lengths)
{
    size_t width = second.count + 1;
    for (size_t i = first.count; i-- > 0;) {
        for (size_t j = second.count; j-- > 0;) {
            uint16_t down = lengths[(i + 1) * width + j];
            uint16_t right = lengths[i * width + j + 1];
            lengths[i * width + j] = str_equal(first.items[i], second.items[j])
                                         ? (uint16_t)(lengths[(i + 1) * width + j + 1] + 1)
                                     : down >= right ? down
                                                     : right;
        }
    }
}

int diff_make(struct diff_lines first, struct diff_lines second, struct arena *arena,
              struct diff_line **ret_lines, size_t *ret_count)
{
    size_t width = second.count + 1;
    sw_assert(first.count <= DIFF_LINES_MAX && second.count <= DIFF_LINES_MAX);
    uint16_t *lengths = arena_alloc_array(arena, (first.count + 1) * width, sizeof(*lengths));
    struct diff_line *lines = arena_alloc_array(arena, first.count + second.count, sizeof(*lines));
    if (lengths == NULL || lines == NULL) {
        return ERR_MEMORY;
    }
    size_t i = 0;
    size_t j = 0;
    size_t count = 0;
    fill(first, second, lengths);
    while (i < first.count || j < second.count) {
        bool both = i < first.count && j < second.count;
        if (both && str_equal(first.items[i], second.items[j])) {
            lines[count++] = (struct diff_line){' ', first.items[i++]};
            j++;
        } else if (j == second.count ||
                   (both && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) {
            lines[count++] = (struct diff_line){'-', first.items[i++]};
        } else {
            lines[count++] = (struct diff_line){'+', second.items[j++]};
        }
    }
    *ret_lines = lines;
    *ret_count = count;
    return 0;
}
