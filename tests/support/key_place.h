/* A folder of fresh keys with everything loaded, and an empty store of erasure keys. */
#ifndef TESTS_SUPPORT_KEY_PLACE_H
#define TESTS_SUPPORT_KEY_PLACE_H

#include "support/runner.h"

#include "base/arena.h"
#include "io/erasure.h"
#include "io/keyring.h"

enum { KEY_PLACE_WANTS = 63 };

struct key_place {
    char dir[64];
    struct arena arena;
    struct keyring *keyring;
    struct erasure_keys *erasure;
    struct vault vault;
};

/* Caller's storage. */
void key_place_open(struct key_place *place);

/* Frees all and removes the folder. */
void key_place_close(struct key_place *place);

/* A fresh erasure key of the owner. */
void key_place_put(struct key_place *place, const char *unit, const char *id);

/* A contact value of p-a in school-1, whose key was put. */
struct sealed key_place_seal(struct key_place *place, const char *text);

/* Removes a folder of key files. */
void key_place_remove(const char *dir);

#endif
