/* Counters, gauges and histograms with labels of bounded cardinality, shown as Prometheus text.
 *
 * A module has a table of rows and registers it once:
 *     enum { ACCEPTED, LATENCY, ROWS };
 *     static const struct metric_row rows[ROWS] = {
 *         [ACCEPTED] = {.name = "sw_intake_accepted_total", .kind = METRIC_COUNTER, .help = "…", .labels = {"kind"}},
 *         [LATENCY] = {.name = "sw_intake_reply_seconds", .kind = METRIC_HISTOGRAM, .help = "…", .scale = 1000}};
 *     struct metric *metric[ROWS];
 *     metrics_register(metrics, rows, ROWS, metric);
 *     metric_add(metric_with(metric[ACCEPTED], (const char *[]){"incident"}), 1);
 * Loop thread only. */
#ifndef IO_METRICS_H
#define IO_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/buffer.h"

enum {
    METRIC_LABELS_MAX = 3,
    METRIC_SERIES_MAX =
        128, /* per metric; what comes later is counted under the label values "other" */
    METRIC_BOUNDS_MAX = 32,
    METRICS_MAX = 512 /* metrics in one registry */
};

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_row {
    const char *name; /* sw_<module>_<what>_<unit>; counters end in _total */
    enum metric_kind kind;
    const char *help;
    const char *labels
        [METRIC_LABELS_MAX]; /* the label names, NULL behind the last; codes, never a person's id */
    int64_t scale;           /* values are shown divided by it (1000: ms as seconds); 0 means 1 */
    const int64_t
        *bounds; /* histogram: upper bounds ascending, unscaled; NULL: 1 ms … 60 s in ms */
    size_t bound_count;
};

struct metrics;
struct metric;
struct metric_series;

/* ERR_MEMORY. */
SW_NODISCARD int metrics_new(struct metrics **ret_metrics);

/* NULL is fine. Handles die with it. */
void metrics_free(struct metrics *metrics);

/* Adds the rows (they must outlive the registry) and answers one handle per row. Names are unique (asserted).
 * ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int metrics_register(struct metrics *metrics, const struct metric_row *rows,
                                  size_t count, struct metric **ret_metric);

/* The series of these label values (NULL when the row has none), made on first use; never NULL. Keep it where the
 * path is hot: it lives as long as the registry. */
struct metric_series *metric_with(struct metric *metric, const char *const *values);

void metric_add(struct metric_series *series, int64_t n);     /* counter (n >= 0), gauge */
void metric_set(struct metric_series *series, int64_t value); /* gauge; counters kept elsewhere */
void metric_observe(struct metric_series *series, int64_t value); /* histogram */
/* The counter's or gauge's value, the histogram's count. */
int64_t metric_value(const struct metric_series *series);

typedef void (*metrics_collect_fn)(void *ctx);

/* Called before each exposition, to set gauges that are cheaper to read than to follow. At most 16; ERR_FULL. */
SW_NODISCARD int metrics_on_collect(struct metrics *metrics, metrics_collect_fn collect, void *ctx);

/* The text format 0.0.4, appended. */
void metrics_expose(struct metrics *metrics, struct buffer *ret_text);

#endif
