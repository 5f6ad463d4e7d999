/* Prometheus metrics. Values are integers in the row's own unit (milliseconds, bytes) and are divided by its scale only
 * when shown, so that sums are exact. */
#include "io/metrics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum { COLLECTORS_MAX = 16 };

static const int64_t default_bounds[] = {1,   2,    5,    10,   20,    50,    100,  200,
                                         500, 1000, 2000, 5000, 10000, 30000, 60000};

struct metric_series {
    const struct metric *metric;
    char *labels;  /* `a="1",b="2"`, escaped, as it is shown; "" when the row has none */
    int64_t value; /* a histogram's sum */
    int64_t count;
    int64_t *buckets; /* one per bound, not cumulative; what lies above is in count only */
    struct metric_series *next;
};

struct metric {
    const struct metric_row *row;
    struct metric_series *first; /* in the order they were made */
    struct metric_series *last;
    unsigned series_count;
    struct metric_series *other;  /* where the ones past the bound go; made with the metric */
    struct metric_series refused; /* used if memory was out: counted, never shown */
};

struct collector {
    metrics_collect_fn collect;
    void *ctx;
};

struct metrics {
    struct metric *all[METRICS_MAX];
    size_t count;
    struct collector collectors[COLLECTORS_MAX];
    size_t collector_count;
};

int metrics_new(struct metrics **ret_metrics)
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));
    if (metrics == NULL) {
        return ERR_MEMORY;
    }
    *ret_metrics = metrics;
    return 0;
}

static void series_free(struct metric_series *series)
{
    if (series != NULL) {
        free(series->labels);
        free(series->buckets);
        free(series);
    }
}

static void metric_free(struct metric *metric)
{
    struct metric_series *next;
    for (struct metric_series *series = metric->first; series != NULL; series = next) {
        next = series->next;
        series_free(series);
    }
    series_free(metric->other);
    free(metric);
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    for (size_t i = 0; i < metrics->count; i++) {
        metric_free(metrics->all[i]);
    }
    free(metrics);
}

static const int64_t *row_bounds(const struct metric_row *row, size_t *ret_count)
{
    if (row->bounds == NULL) {
        *ret_count = sizeof(default_bounds) / sizeof(default_bounds[0]);
        return default_bounds;
    }
    *ret_count = row->bound_count;
    return row->bounds;
}

static size_t label_count(const struct metric_row *row)
{
    size_t count = 0;
    while (count < METRIC_LABELS_MAX && row->labels[count] != NULL) {
        count++;
    }
    return count;
}

static void add_escaped(struct buffer *text, const char *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\n') {
            buffer_add_text(text, "\\n");
            continue;
        }
        if (*at == '"' || *at == '\\') {
            buffer_add_text(text, "\\");
        }
        buffer_add(text, (struct str){at, 1});
    }
}

static struct metric_series *series_new(struct metric *metric, const char *const *values)
{
    struct buffer text;
    buffer_init(&text, 1024);
    size_t labels = label_count(metric->row);
    for (size_t i = 0; i < labels; i++) {
        buffer_format(&text, "%s%s=\"", i == 0 ? "" : ",", metric->row->labels[i]);
        add_escaped(&text, values == NULL ? "other" : values[i]);
        buffer_add_text(&text, "\"");
    }
    size_t bounds;
    (void)row_bounds(metric->row, &bounds);
    struct metric_series *series = calloc(1, sizeof(*series));
    int64_t *buckets = calloc(bounds + 1, sizeof(*buckets));
    char *shown = text.overflowed ? NULL : strdup(text.bytes == NULL ? "" : text.bytes);
    buffer_fini(&text);
    if (series == NULL || buckets == NULL || shown == NULL) {
        free(series);
        free(buckets);
        free(shown);
        return NULL;
    }
    *series = (struct metric_series){.metric = metric, .labels = shown, .buckets = buckets};
    return series;
}

static void series_append(struct metric *metric, struct metric_series *series)
{
    if (metric->last == NULL) {
        metric->first = series;
    } else {
        metric->last->next = series;
    }
    metric->last = series;
    metric->series_count++;
}

static int metric_new(const struct metric_row *row, struct metric **ret_metric)
{
    struct metric *metric = calloc(1, sizeof(*metric));
    if (metric == NULL) {
        return ERR_MEMORY;
    }
    metric->row = row;
    metric->refused.metric = metric;
    metric->other = series_new(metric, NULL);
    if (metric->other == NULL) {
        free(metric);
        return ERR_MEMORY;
    }
    if (label_count(row) == 0) {
        /* Shown from the start, so that a rate has a zero to begin with. */
        series_append(metric, metric->other);
        metric->other = NULL;
    }
    *ret_metric = metric;
    return 0;
}

int metrics_register(struct metrics *metrics, const struct metric_row *rows, size_t count,
                     struct metric **ret_metric)
{
    if (count > METRICS_MAX - metrics->count) {
        return ERR_FULL;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < metrics->count; k++) {
            sw_assert(strcmp(metrics->all[k]->row->name, rows[i].name) != 0);
        }
        sw_assert(rows[i].bounds == NULL || rows[i].bound_count <= METRIC_BOUNDS_MAX);
        int error = metric_new(&rows[i], &ret_metric[i]);
        if (error != 0) {
            return error; /* those before it stay; the registry still frees them */
        }
        metrics->all[metrics->count++] = ret_metric[i];
    }
    return 0;
}

/* Whether the shown labels are those of the values; compared without building a text. */
static bool labels_match(const struct metric_series *series, const char *const *values)
{
    const struct metric_row *row = series->metric->row;
    const char *at = series->labels;
    for (size_t i = 0; i < METRIC_LABELS_MAX && row->labels[i] != NULL; i++) {
        at += (i == 0 ? 0 : 1) + strlen(row->labels[i]) + 2;
        for (const char *value = values[i]; *value != '\0'; value++) {
            bool escaped = *value == '"' || *value == '\\' || *value == '\n';
            if (escaped && *at++ != '\\') {
                return false;
            }
            if (*at++ != (*value == '\n' ? 'n' : *value)) {
                return false;
            }
        }
        if (*at++ != '"') {
            return false;
        }
    }
    return true;
}

struct metric_series *metric_with(struct metric *metric, const char *const *values)
{
    if (metric->row->labels[0] == NULL) {
        return metric->first;
    }
    sw_assert(values != NULL);
    for (struct metric_series *series = metric->first; series != NULL; series = series->next) {
        if (labels_match(series, values)) {
            return series;
        }
    }
    if (metric->series_count >= METRIC_SERIES_MAX) {
        return metric->other;
    }
    struct metric_series *series = series_new(metric, values);
    if (series == NULL) {
        return &metric->refused;
    }
    series_append(metric, series);
    return series;
}

void metric_add(struct metric_series *series, int64_t n)
{
    sw_assert(series->metric->row->kind != METRIC_HISTOGRAM);
    sw_assert(n >= 0 || series->metric->row->kind == METRIC_GAUGE);
    series->value += n;
    series->count++;
}

void metric_set(struct metric_series *series, int64_t value)
{
    sw_assert(series->metric->row->kind != METRIC_HISTOGRAM);
    series->value = value;
    series->count++;
}

void metric_observe(struct metric_series *series, int64_t value)
{
    sw_assert(series->metric->row->kind == METRIC_HISTOGRAM);
    series->count++;
    series->value += value;
    size_t count;
    const int64_t *bounds = row_bounds(series->metric->row, &count);
    for (size_t i = 0; series->buckets != NULL && i < count; i++) {
        if (value <= bounds[i]) {
            series->buckets[i]++;
            return;
        }
    }
}

int64_t metric_value(const struct metric_series *series)
{
    bool histogram = series->metric->row->kind == METRIC_HISTOGRAM;
    return histogram ? series->count : series->value;
}

int metrics_on_collect(struct metrics *metrics, metrics_collect_fn collect, void *ctx)
{
    if (metrics->collector_count == COLLECTORS_MAX) {
        return ERR_FULL;
    }
    metrics->collectors[metrics->collector_count++] = (struct collector){collect, ctx};
    return 0;
}

static void add_number(struct buffer *text, const struct metric_row *row, int64_t value)
{
    if (row->scale > 1) {
        buffer_format(text, "%.12g", (double)value / (double)row->scale);
    } else {
        buffer_format(text, "%" PRId64, value);
    }
}

static void expose_histogram(const struct metric_series *series, struct buffer *text)
{
    const struct metric_row *row = series->metric->row;
    const char *comma = series->labels[0] == '\0' ? "" : ",";
    const char *open = series->labels[0] == '\0' ? "" : "{";
    const char *shut = series->labels[0] == '\0' ? "" : "}";
    size_t count;
    const int64_t *bounds = row_bounds(row, &count);
    int64_t below = 0;
    for (size_t i = 0; i < count; i++) {
        below += series->buckets[i];
        buffer_format(text, "%s_bucket{%s%sle=\"", row->name, series->labels, comma);
        add_number(text, row, bounds[i]);
        buffer_format(text, "\"} %" PRId64 "\n", below);
    }
    buffer_format(text, "%s_bucket{%s%sle=\"+Inf\"} %" PRId64 "\n", row->name, series->labels,
                  comma, series->count);
    buffer_format(text, "%s_sum%s%s%s ", row->name, open, series->labels, shut);
    add_number(text, row, series->value);
    buffer_format(text, "\n%s_count%s%s%s %" PRId64 "\n", row->name, open, series->labels, shut,
                  series->count);
}

static void expose_series(const struct metric_series *series, struct buffer *text)
{
    const struct metric_row *row = series->metric->row;
    if (row->kind == METRIC_HISTOGRAM) {
        expose_histogram(series, text);
        return;
    }
    buffer_add_text(text, row->name);
    if (series->labels[0] != '\0') {
        buffer_format(text, "{%s}", series->labels);
    }
    buffer_add_text(text, " ");
    add_number(text, row, series->value);
    buffer_add_text(text, "\n");
}

void metrics_expose(struct metrics *metrics, struct buffer *ret_text)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (size_t i = 0; i < metrics->collector_count; i++) {
        metrics->collectors[i].collect(metrics->collectors[i].ctx);
    }
    for (size_t i = 0; i < metrics->count; i++) {
        const struct metric *metric = metrics->all[i];
        buffer_format(ret_text, "# HELP %s %s\n# TYPE %s %s\n", metric->row->name,
                      metric->row->help, metric->row->name, kinds[metric->row->kind]);
        for (const struct metric_series *s = metric->first; s != NULL; s = s->next) {
            expose_series(s, ret_text);
        }
        if (metric->other != NULL && metric->other->count > 0) {
            expose_series(metric->other, ret_text);
        }
    }
}
