/* The escalator's object of one partition: the directory, the packs, the cases of its units, and what the changelog keeps
 * beside the cases. Called by the stream shell, on the loop's thread. */
#ifndef ESCALATOR_PART_H
#define ESCALATOR_PART_H

#include <stdint.h>

#include "io/metrics.h"
#include "io/stream.h"

enum {
    PART_INPUTS,  /* {topic, outcome} */
    PART_REJECTS, /* {topic, reason} */
    PART_NOTICES, /* {lane, purpose} */
    PART_JOURNAL_LINES,
    PART_ALERTS,           /* {what} */
    PART_REPEATED,         /* commands dropped */
    PART_DIRECTORY_FAULTS, /* {reason} */
    PART_LATENESS,         /* deadline -> step */
    PART_CASES,
    PART_METRICS,
};

extern const struct metric_row part_metric_rows[PART_METRICS];

/* What all parts of the process share; outlives them. */
struct part_pinned;

struct part_shared {
    struct metric *metric[PART_METRICS];
    size_t case_max;            /* of one partition */
    int64_t case_count;         /* of all parts */
    struct part_pinned *pinned; /* by any of the parts: their policies are read once */
    void (*fail)(
        void *ctx,
        const char *why); /* memory is out, or the changelog makes no sense: end the process */
    void (*set_unready)(void *ctx, const char *reason); /* NULL: ready */
    void *ctx;
};

struct part;

/* The callbacks of struct stream_definition; `ctx` is a struct part_shared. */
void *part_new(void *ctx, struct stream_partition *partition, int32_t index);
void part_free(void *part);
int part_load(void *part, struct str key, struct str value);
void part_table(void *part, const struct kafka_record *record);
void part_step(void *part, const struct kafka_record *record, struct stream_effects *effects);
void part_refuse(void *part, const struct kafka_record *record, struct stream_effects *effects);
int64_t part_next_deadline(const void *part);
void part_step_time(void *part, int64_t now_ms, struct stream_effects *effects);
void part_live(void *part);

#endif
