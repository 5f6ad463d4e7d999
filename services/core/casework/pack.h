/* Cases in memory: each is one block, as short as it gets, and a roomy scratch case that a step works on. Internal to
 * casework.
 *
 * A packed case is a run of numbers in as few bytes as they need, times as distances from its opening, and texts. A text that
 * the case had before is written as its number in the case; a word that many cases share (roles, ids of policies and duties,
 * units) as its number in the dictionary (pack_text.h). */
#ifndef CORE_CASEWORK_PACK_H
#define CORE_CASEWORK_PACK_H

#include "base/pool.h"
#include "core/casework/casefile.h"
#include "core/casework/pack_text.h"

/* A case with room for every list at its bound. */
struct pack_scratch {
    struct casefile file;
    struct episode episodes[CASE_EPISODES_MAX];
    struct step steps[CASE_STEPS_MAX];
    struct obligation obligations[CASE_OBLIGATIONS_MAX];
    struct case_evidence evidence[CASE_OBLIGATIONS_MAX * CASE_EVIDENCE_MAX];
    struct ack acks[CASE_ACKS_MAX];
    struct told told[CASE_TOLD_MAX];
    struct conflict conflicts[CASE_CONFLICTS_MAX];
    struct hold holds[CASE_HOLDS_MAX];
    struct case_party parties[CASE_PARTIES_MAX];
    struct case_why why[CASE_WHY_MAX];
    struct ident signals[CASE_SIGNALS_MAX];
    struct member members[CASE_MEMBERS_MAX];
};

/* What is asked of many cases at once lies in front. */
struct packed {
    uint32_t bytes; /* that follow */
    uint8_t state;
    uint8_t level;
    uint8_t conflict_count;
    uint8_t data[];
};

/* What packing needs; one per casework. */
struct packer {
    struct words words;
    struct pool pool; /* of packed cases */
    uint8_t *room;    /* where a case is written before its length is known */
    size_t room_bytes;
};

void packer_init(struct packer *packer);
void packer_fini(struct packer *packer);

/* A copy, to be given to packed_free; NULL when memory is out. */
struct packed *pack_new(struct packer *packer, const struct casefile *file);

/* NULL is fine. */
void packed_free(struct packer *packer, struct packed *packed);

/* Unpacks a case (NULL: an empty one) into the scratch. Its texts belong to `packed` and to the packer. */
void pack_load(const struct packer *packer, struct pack_scratch *scratch,
               const struct packed *packed);

#endif
