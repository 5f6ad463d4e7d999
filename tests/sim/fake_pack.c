/* A pack is built once per process of the simulator and lent to whoever asks for the same files again, and so are its texts: once
 * built they never change, and building them at each of thousands of restores would take more time than all else (linked by
 * --wrap). */
#include <string.h>

#include "base/assert.h"
#include "core/disclose/disclose.h"
#include "wire/pack.h"

enum { LENT_MAX = 4 };

static struct pack *lent[LENT_MAX];

int __real_pack_build_parts(const struct pack_file *files, size_t file_count, pack_hash_fn hash,
                            struct yaml_faults *faults, struct pack **ret_pack);
void __real_pack_free(struct pack *pack);
int __wrap_pack_build_parts(const struct pack_file *files, size_t file_count, pack_hash_fn hash,
                            struct yaml_faults *faults, struct pack **ret_pack);
void __wrap_pack_free(struct pack *pack);

static bool is_of(const struct pack *pack, const struct pack_file *files, size_t file_count)
{
    if (pack == NULL || pack->file_count != file_count) {
        return false;
    }
    for (size_t i = 0; i < file_count; i++) {
        if (strcmp(pack->files[i].path, files[i].path) != 0 ||
            !str_equal(pack->files[i].content, files[i].content)) {
            return false;
        }
    }
    return true;
}

int __wrap_pack_build_parts(const struct pack_file *files, size_t file_count, pack_hash_fn hash,
                            struct yaml_faults *faults, struct pack **ret_pack)
{
    size_t at = 0;
    while (at < LENT_MAX && lent[at] != NULL) {
        if (is_of(lent[at], files, file_count)) {
            *ret_pack = lent[at];
            return 0;
        }
        at++;
    }
    int error = __real_pack_build_parts(files, file_count, hash, faults, ret_pack);
    if (error == 0 && at < LENT_MAX) {
        lent[at] = *ret_pack;
    }
    return error;
}

void __wrap_pack_free(struct pack *pack)
{
    for (size_t i = 0; i < LENT_MAX; i++) {
        if (pack == lent[i]) {
            return;
        }
    }
    __real_pack_free(pack);
}

/* --- texts ------------------------------------------------------------------------------------------------------------- */

enum { TEXTS_ARENA_BYTES = 64 << 20 };

struct texts {
    struct arena arena;
    struct disclose_file *files;
    size_t file_count;
    struct disclose *disclose; /* NULL: not in use */
};

static struct texts texts[LENT_MAX];

int __real_disclose_load(struct arena *arena, const struct disclose_file *files, size_t count,
                         struct disclose_fault *ret_fault, struct disclose **ret_disclose);
int __wrap_disclose_load(struct arena *arena, const struct disclose_file *files, size_t count,
                         struct disclose_fault *ret_fault, struct disclose **ret_disclose);

static bool are_of(const struct texts *of, const struct disclose_file *files, size_t count)
{
    bool is_same = of->file_count == count;
    for (size_t i = 0; is_same && i < count; i++) {
        is_same = str_equal(of->files[i].path, files[i].path) &&
                  str_equal(of->files[i].content, files[i].content);
    }
    return is_same;
}

static void copy_files(struct texts *to, const struct disclose_file *files, size_t count)
{
    to->files = arena_alloc_array(&to->arena, count, sizeof(*files));
    to->file_count = count;
    sw_assert(to->files != NULL);
    for (size_t i = 0; i < count; i++) {
        to->files[i].path = arena_copy_str(&to->arena, files[i].path);
        to->files[i].content = arena_copy_str(&to->arena, files[i].content);
        sw_assert(to->files[i].path.at != NULL && to->files[i].content.at != NULL);
    }
}

int __wrap_disclose_load(struct arena *arena, const struct disclose_file *files, size_t count,
                         struct disclose_fault *ret_fault, struct disclose **ret_disclose)
{
    size_t at = 0;
    while (at < LENT_MAX && texts[at].disclose != NULL && !are_of(&texts[at], files, count)) {
        at++;
    }
    if (at == LENT_MAX) {
        return __real_disclose_load(arena, files, count, ret_fault, ret_disclose);
    }
    int error = 0;
    if (texts[at].disclose == NULL) {
        arena_init(&texts[at].arena, TEXTS_ARENA_BYTES);
        copy_files(&texts[at], files, count);
        error = __real_disclose_load(&texts[at].arena, texts[at].files, count, ret_fault,
                                     &texts[at].disclose);
    }
    if (error != 0) {
        arena_fini(&texts[at].arena);
        return error;
    }
    *ret_disclose = texts[at].disclose;
    return 0;
}
