#include "intake/people.h"

#include "io/seal_record.h"

static int identify(void *ctx, struct str unit, struct str identifier, struct arena *arena,
                    struct str *ret_ref, bool *ret_unresolved)
{
    const struct intake *intake = ctx;
    char digest[KEYRING_DIGEST_TEXT_BYTES];
    char opaque[KEYRING_OPAQUE_BYTES];
    keyring_identifier_digest(intake->keyring, unit, identifier, digest);
    const struct org_person *person =
        org_find_identifier(tables_org(intake->tables), unit, str_of(digest));
    if (person == NULL) {
        keyring_opaque_id(intake->keyring, 'u', unit, identifier, opaque);
    }
    *ret_ref = arena_copy_str(arena, person != NULL ? person->id : str_of(opaque));
    *ret_unresolved = person == NULL;
    return ret_ref->at == NULL ? ERR_MEMORY : 0;
}

static bool is_known(void *ctx, struct str unit, struct str ref)
{
    const struct intake *intake = ctx;
    return org_find_person(tables_org(intake->tables), unit, ref) != NULL;
}

static void digest_body(void *ctx, struct str body, uint8_t ret_digest[IDENT_BYTES])
{
    const struct intake *intake = ctx;
    keyring_body_digest(intake->keyring, body, ret_digest);
}

static int seal(void *ctx, Shouwang__V1__KeyClass key_class, struct str unit, struct str erasure_id,
                struct str clear, struct arena *arena, Shouwang__V1__Sealed **ret_sealed)
{
    const struct intake *intake = ctx;
    const struct erasure_keys *keys = tables_keys(intake->tables);
    struct vault vault = {intake->keyring, keys};
    /* A person filed in another unit, or not imported yet, has no key here: the unit's serves. */
    bool has_own = erasure_get(keys, unit, erasure_id) != NULL;
    struct vault_target target = {.unit = unit,
                                  .erasure_id = has_own ? erasure_id : unit,
                                  .key_class = (enum seal_class)key_class};
    return vault_close_record(&vault, &target, clear, arena, ret_sealed);
}

struct event_port people_port(struct intake *intake)
{
    return (struct event_port){identify, is_known, digest_body, seal, intake};
}
