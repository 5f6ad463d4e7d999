/* Cases in memory: one exactly sized block each, and a roomy scratch case that a step works on. Internal to casework. */
#ifndef CORE_CASEWORK_PACK_H
#define CORE_CASEWORK_PACK_H

#include "core/casework/casefile.h"

/* A case with room for every list at its bound. */
struct pack_scratch {
    struct casefile file;
    struct episode episodes[CASE_EPISODES_MAX];
    struct step steps[CASE_STEPS_MAX];
    struct obligation obligations[CASE_OBLIGATIONS_MAX];
    struct ack acks[CASE_ACKS_MAX];
    struct told told[CASE_TOLD_MAX];
    struct conflict conflicts[CASE_CONFLICTS_MAX];
    struct hold holds[CASE_HOLDS_MAX];
    struct case_party parties[CASE_PARTIES_MAX];
    struct case_why why[CASE_WHY_MAX];
    struct ident signals[CASE_SIGNALS_MAX];
};

/* Loads `file` (NULL: an empty case) into the scratch; its texts still belong to `file`. */
void pack_load(struct pack_scratch *scratch, const struct casefile *file);

/* A copy in one block of the heap, texts included, to be given to mem_free; NULL when memory is out. */
struct casefile *pack_new(const struct casefile *file);

/* Bytes of that block. */
size_t pack_bytes(const struct casefile *file);

#endif
