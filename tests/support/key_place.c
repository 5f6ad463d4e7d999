#include "support/key_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const key_files[] = {"contact.pub", "content.pub", "answers.pub", "contact.key",
                                        "content.key", "answers.key", "ident.key",   "token.key"};

void key_place_open(struct key_place *place)
{
    memset(place, 0, sizeof(*place));
    (void)snprintf(place->dir, sizeof(place->dir), "/tmp/sw-seal-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    assert_int_equal(seal_init(), 0);
    assert_int_equal(keyring_generate(place->dir), 0);
    assert_int_equal(keyring_load(place->dir, KEY_PLACE_WANTS, NULL, &place->keyring), 0);
    assert_int_equal(erasure_new(&place->erasure), 0);
    arena_init(&place->arena, 1024 * 1024);
    place->vault = (struct vault){place->keyring, place->erasure};
}

void key_place_remove(const char *dir)
{
    char path[128];
    for (size_t i = 0; i < sizeof(key_files) / sizeof(key_files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, key_files[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

void key_place_close(struct key_place *place)
{
    keyring_free(place->keyring);
    erasure_free(place->erasure);
    arena_fini(&place->arena);
    key_place_remove(place->dir);
}

void key_place_put(struct key_place *place, const char *unit, const char *id)
{
    uint8_t key[SEAL_KEY_BYTES];
    seal_random(key, sizeof(key));
    assert_int_equal(erasure_put(place->erasure, str_of(unit), str_of(id), key), 0);
}

struct sealed key_place_seal(struct key_place *place, const char *text)
{
    struct sealed sealed;
    struct vault_target target = {STR_LITERAL("school-1"), STR_LITERAL("p-a"), SEAL_CLASS_CONTACT};
    assert_int_equal(vault_close(&place->vault, &target, str_of(text), &place->arena, &sealed), 0);
    return sealed;
}
