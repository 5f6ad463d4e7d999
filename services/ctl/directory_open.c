#include "ctl/directory_open.h"

#include "ctl/log_reader.h"
#include "ctl/pack_open.h"
#include "io/seal.h"
#include "wire/directory.h"

enum { RECORD_MAX_BYTES = 16 << 20 };

static int take_pack(struct directory *directory, const struct kafka_record *record)
{
    struct yaml_faults *faults = arena_alloc(&directory->scratch, sizeof(*faults));
    const struct pack *pack = NULL;
    int error = faults == NULL ? ERR_MEMORY
                               : pack_store_apply(directory->packs, record->key,
                                                  record->value.at == NULL ? NULL : &record->value,
                                                  faults, &pack);
    if (error == ERR_INVALID) {
        directory->refused++;
        (void)ctl_tell_faults(faults, "a pack of the directory");
    }
    return error == ERR_INVALID ? 0 : error;
}

static void take_record(void *ctx, const struct kafka_record *record)
{
    struct directory *directory = ctx;
    struct fault fault;
    int error = 0;
    arena_reset(&directory->scratch);
    if (pack_owns_key(record->key)) {
        error = directory->packs == NULL ? 0 : take_pack(directory, record);
    } else if (org_owns_key(record->key)) {
        error = directory_apply(directory->org, &directory->scratch, record->key,
                                record->value.at == NULL ? NULL : &record->value, &fault);
    }
    if (error != 0) {
        directory->refused++;
        (void)ctl_fail(CTL_REFUSED, "%.*s: %s", (int)record->key.len, record->key.at,
                       error == ERR_INVALID ? reject_reason_text(fault.reason) : error_text(error));
    }
}

enum ctl_exit directory_open(struct ctl *ctl, unsigned wants, struct directory *ret_directory)
{
    const struct org_setup setup = {.seed = 1, .keep_sealed = (wants & DIRECTORY_SEALED) != 0};
    bool with_packs = (wants & DIRECTORY_PACKS) != 0;
    *ret_directory = (struct directory){.org = org_new(&setup)};
    arena_init(&ret_directory->scratch, RECORD_MAX_BYTES);
    ret_directory->packs = with_packs ? pack_store_new(seal_digest) : NULL;
    if (ret_directory->org == NULL || (with_packs && ret_directory->packs == NULL) ||
        seal_init() != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    enum ctl_exit code = log_read_all(ctl, TOPIC_DIRECTORY, take_record, ret_directory);
    if (code == CTL_OK && org_count(ret_directory->org) == 0) {
        code = ctl_fail(CTL_REFUSED, "the directory is empty (swctl import directory)");
    }
    return code;
}

void directory_close(struct directory *directory)
{
    arena_fini(&directory->scratch);
    pack_store_free(directory->packs);
    org_free(directory->org);
}
