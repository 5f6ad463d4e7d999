/* Triage's object of one partition: the directory, the packs and keys of its units, what was seen and what is counted.
 * Called by the stream shell, on the loop's thread. */
#ifndef TRIAGE_PART_H
#define TRIAGE_PART_H

#include <stdint.h>

#include "io/keyring.h"
#include "io/metrics.h"
#include "io/stream.h"

enum {
    PART_EVENTS,         /* {topic, outcome} */
    PART_SIGNALS,        /* {level} */
    PART_REJECTS,        /* {topic, reason} */
    PART_PLACED,         /* {topic}: written once more, to the partition of their unit */
    PART_RULE_ERRORS,    /* expressions without a value */
    PART_EVICTED,        /* {what}: state that fell out before its time */
    PART_ANSWERS_CLOSED, /* {reason}: answers that could not be opened */
    PART_WITHOUT_PACK,   /* judged by the facts alone */
    PART_HELD,           /* {what}: held, released, dropped */
    PART_QUESTIONS,
    PART_MISSED,
    PART_FACTS,            /* sent to a county */
    PART_DIRECTORY_FAULTS, /* {reason} */
    PART_METRICS,
};

extern const struct metric_row part_metric_rows[PART_METRICS];

/* What all parts of the process share; outlives them. */
struct part_shared {
    struct metric *metric[PART_METRICS];
    struct keyring *keyring;
    struct stream *stream; /* set right after it is started, before any part is made */
    size_t seen_max;       /* of one partition */
    size_t window_max;     /* of one partition */
    void (*fail)(void *ctx, const char *why); /* memory is out, or the changelog makes no sense */
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

#endif
