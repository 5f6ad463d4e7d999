#include "intake/maps.h"

#include <stdlib.h>
#include <string.h>

#include "io/log.h"
#include "wire/pack.h"

enum { MAPS_BYTES = 64 << 20 };

struct maps {
    struct arena arena;
    struct yaml_faults faults;
    const struct pack_file *files; /* of the folder */
    const struct import_map **maps;
    size_t count;
};

static const char ending[] = ".yaml";

static bool is_map(const char *path)
{
    size_t len = strlen(path);
    return len > sizeof(ending) - 1 && strcmp(path + len - (sizeof(ending) - 1), ending) == 0;
}

static int read_maps(struct maps *maps, const char *folder)
{
    int error = pack_read_folder(folder, &maps->arena, &maps->faults, &maps->files, &maps->count);
    if (error != 0) {
        return error;
    }
    maps->maps = arena_alloc_array(&maps->arena, maps->count, sizeof(struct import_map *));
    if (maps->maps == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < maps->count; i++) {
        const struct pack_file *file = &maps->files[i];
        int bad = is_map(file->path) ? import_map_read(file->path, file->content, &maps->arena,
                                                       &maps->faults, &maps->maps[i])
                                     : 0;
        error = bad != 0 ? bad : error;
    }
    return error;
}

int maps_load(const char *folder, struct maps **ret_maps)
{
    struct maps *maps = calloc(1, sizeof(*maps));
    if (maps == NULL) {
        return ERR_MEMORY;
    }
    arena_init(&maps->arena, MAPS_BYTES);
    int error = folder == NULL ? 0 : read_maps(maps, folder);
    for (size_t i = 0; i < maps->faults.count && i < YAML_FAULTS_MAX; i++) {
        const char *text = maps->faults.texts[i]; /* "path:line:column: what" */
        const char *place = strstr(text, ": ");
        log_error(
            "import_map",
            log_code_str("at", (struct str){text, place == NULL ? 0 : (size_t)(place - text)}));
    }
    if (error != 0) {
        maps_free(maps);
        return error;
    }
    *ret_maps = maps;
    return 0;
}

void maps_free(struct maps *maps)
{
    if (maps != NULL) {
        arena_fini(&maps->arena);
        free(maps);
    }
}

const struct import_map *maps_find(const struct maps *maps, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < maps->count; i++) {
        const char *path = maps->files[i].path;
        if (maps->maps[i] != NULL && strncmp(path, name, len) == 0 &&
            strcmp(path + len, ending) == 0) {
            return maps->maps[i];
        }
    }
    return NULL;
}
