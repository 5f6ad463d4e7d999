/* The main program of a fuzz target where libFuzzer is not: gives it every file of the folders named, once each, and a few
 * cuts of every one. So the corpus stays green in every preset, compilers without libFuzzer included. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX_BYTES = 1024 * 1024, CUTS = 16 };

/* A block of exactly `size` bytes, so that the sanitizer sees a byte read too many. */
static void give(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    if (exact == NULL) {
        abort();
    }
    memcpy(exact, data, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static int replay_file(const char *path)
{
    static uint8_t input[INPUT_MAX_BYTES];
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    size_t size = fread(input, 1, sizeof(input), file);
    (void)fclose(file);
    give(input, size);
    for (size_t cut = 1; cut < CUTS && cut <= size; cut++) {
        give(input, size * cut / CUTS);
    }
    return 0;
}

/* The number of files given, or -1. */
static int replay_folder(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        return -1;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[1024];
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path) ||
            replay_file(path) != 0) {
            count = -1;
            break;
        }
        count++;
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int count = replay_folder(argv[i]);
        if (count < 0) {
            return 1;
        }
        total += count;
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("%d inputs and their cuts\n", total);
    return total > 0 ? 0 : 1;
}
