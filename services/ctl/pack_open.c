#include "ctl/pack_open.h"

#include <stdio.h>

#include "io/seal.h"

enum ctl_exit ctl_tell_faults(const struct yaml_faults *faults, const char *what)
{
    size_t shown = faults->count < YAML_FAULTS_MAX ? faults->count : YAML_FAULTS_MAX;
    for (size_t i = 0; i < shown; i++) {
        fprintf(stderr, "%s\n", faults->texts[i]);
    }
    return ctl_fail(CTL_REFUSED, "%s: %zu mistakes", what, faults->count);
}

enum ctl_exit ctl_pack_open(struct ctl *ctl, const char *folder, struct pack **ret_pack)
{
    struct yaml_faults *faults = arena_alloc(&ctl->arena, sizeof(*faults));
    const struct pack_file *files = NULL;
    size_t count = 0;
    int error = faults == NULL ? ERR_MEMORY : seal_init();
    if (error == 0) {
        error = pack_read_folder(folder, &ctl->arena, faults, &files, &count);
    }
    if (error == 0) {
        error = pack_build(files, count, seal_digest, faults, ret_pack);
    }
    if (error != 0 && faults != NULL && faults->count > 0) {
        return ctl_tell_faults(faults, folder);
    }
    enum ctl_exit code = error == ERR_NOT_FOUND ? CTL_REFUSED : CTL_UNAVAILABLE;
    return error == 0 ? CTL_OK : ctl_fail(code, "%s: %s", folder, error_text(error));
}
