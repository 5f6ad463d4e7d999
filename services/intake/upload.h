/* One CSV file on its way: POST /v1/import/screening and /v1/import/attendance. Rows are read, checked and produced some at a
 * time, so that a large file never stands before a crisis that comes in meanwhile, and only as fast as its token's bucket
 * fills beyond half, so that the same sender's events never wait for its files. It is answered when Kafka has answered for
 * all of them. */
#ifndef INTAKE_UPLOAD_H
#define INTAKE_UPLOAD_H

#include "intake/intake.h"
#include "wire/import_map.h"

enum {
    UPLOADS_MAX = 16 /* at a time; further ones: 503 */,
    UPLOAD_ERRORS_MAX = 2000,
    UPLOAD_NAME_BYTES = 65
};

/* One thing that was not taken. */
struct upload_error {
    enum reject_reason reason;
    size_t row;                   /* from 1, as a spreadsheet numbers them */
    size_t column;                /* from 1; 0: the row as a whole */
    size_t lines;                 /* of a row that is more than one */
    char name[UPLOAD_NAME_BYTES]; /* of the column, ours; else empty */
};

struct upload {
    struct list link; /* in intake->uploads */
    struct intake *intake;
    struct http_request *request;
    char unit[EVENT_UNIT_MAX_BYTES + 1];
    struct import_setup setup;
    const struct import_map *map; /* NULL: the file has our names */
    struct csv *csv;
    struct import_view *view; /* from the header on */
    struct import *import;
    struct loop_timer *turn; /* reads on */
    bool is_read;
    size_t waiting; /* events without Kafka's answer */
    size_t row_count;
    size_t row_refused_count; /* with anything that was not taken */
    size_t accepted_count;    /* events */
    size_t refused_count;
    size_t unavailable_count;
    size_t forbidden_count; /* of the refused */
    size_t unread_from;     /* the row from which on nothing was read; 0: all was */
    size_t error_count;
    struct upload_error errors[UPLOAD_ERRORS_MAX];
};

/* The handlers of the two paths: `ctx` is the intake. */
void upload_begin_screening(struct http_request *request, void *ctx);
void upload_begin_attendance(struct http_request *request, void *ctx);

/* Frees what is left without answering: the server does that. */
void upload_free_all(struct intake *intake);

#endif
