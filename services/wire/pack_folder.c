/* A pack's files from a folder. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "wire/pack.h"

enum { DEPTH_MAX = 4, PATH_BYTES = 4096 };

struct walk {
    const char *folder;
    struct arena *arena;
    struct yaml_faults *faults;
    struct pack_file *files;
    size_t count;
};

static int refuse(struct walk *walk, const char *path, int error, const char *text)
{
    yaml_fail_at(walk->faults, path, 0, 0, text);
    return error;
}

static int read_content(struct walk *walk, const char *path, struct str *ret_content)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL) {
        return refuse(walk, path, ERR_IO, strerror(errno));
    }
    int error = 0;
    struct str content = {NULL, 0};
    if (fstat(fileno(file), &status) != 0) {
        error = refuse(walk, path, ERR_IO, strerror(errno));
    } else if (status.st_size > PACK_FILE_MAX_BYTES) {
        error = refuse(walk, path, ERR_TOO_LARGE, "larger than 900 KiB");
    } else {
        char *bytes = arena_alloc(walk->arena, (size_t)status.st_size + 1);
        content = (struct str){bytes, 0};
        error = bytes == NULL ? ERR_MEMORY : 0;
        if (error == 0) {
            content.len = fread(bytes, 1, (size_t)status.st_size, file);
            error = ferror(file) == 0 ? 0 : refuse(walk, path, ERR_IO, "cannot be read");
        }
    }
    (void)fclose(file); /* only read */
    if (error == 0) {
        *ret_content = content;
    }
    return error;
}

static int take_file(struct walk *walk, const char *path)
{
    struct str name = arena_copy_str(walk->arena, str_of(path + strlen(walk->folder) + 1));
    if (name.at == NULL) {
        return ERR_MEMORY;
    }
    if (walk->count == PACK_FILES_MAX) {
        return refuse(walk, path, ERR_FULL, "more than 512 files");
    }
    struct pack_file *file = &walk->files[walk->count];
    int error = read_content(walk, path, &file->content);
    if (error == 0) {
        file->path = name.at;
        walk->count++;
    }
    return error;
}

static int walk_folder(struct walk *walk, const char *path, int depth)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return refuse(walk, path, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
                      strerror(errno));
    }
    int error = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL && error == 0;
         entry = readdir(folder)) {
        char inside[PATH_BYTES];
        struct stat status;
        if (entry->d_name[0] == '.') {
            continue;
        }
        int len = snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
        if (len < 0 || (size_t)len >= sizeof(inside) || stat(inside, &status) != 0) {
            error = refuse(walk, path, ERR_IO, "a file in it cannot be read");
        } else if (!S_ISDIR(status.st_mode)) {
            error = take_file(walk, inside);
        } else if (depth == DEPTH_MAX) {
            error = refuse(walk, inside, ERR_FULL, "folders nested too deeply");
        } else {
            error = walk_folder(walk, inside, depth + 1);
        }
    }
    (void)closedir(folder); /* only read */
    return error;
}

int pack_read_folder(const char *folder, struct arena *arena, struct yaml_faults *faults,
                     const struct pack_file **ret_files, size_t *ret_count)
{
    char trimmed[PATH_BYTES];
    size_t len = strlen(folder);
    struct walk walk = {.folder = trimmed, .arena = arena, .faults = faults};
    walk.files = arena_alloc_array(arena, PACK_FILES_MAX, sizeof(*walk.files));
    if (walk.files == NULL) {
        return ERR_MEMORY;
    }
    while (len > 1 && folder[len - 1] == '/') {
        len--;
    }
    if (len >= sizeof(trimmed)) {
        return refuse(&walk, "pack", ERR_NOT_FOUND, "the name of the folder is too long");
    }
    memcpy(trimmed, folder, len);
    trimmed[len] = '\0';
    int error = walk_folder(&walk, trimmed, 0);
    if (error == 0) {
        *ret_files = walk.files;
        *ret_count = walk.count;
    }
    return error;
}
