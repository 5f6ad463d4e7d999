/* A message of the live wire, in one piece: what is published, kept for those who missed it, and answered. */
#ifndef RELAY_PARCEL_H
#define RELAY_PARCEL_H

#include <stdint.h>

#include "base/list.h"
#include "base/str.h"
#include "io/kafka.h"

enum parcel_part { PARCEL_TOPIC, PARCEL_SEQUENCE, PARCEL_HEADERS, PARCEL_BODY, PARCEL_PARTS };

struct parcel {
    struct list node;
    uint32_t stream; /* the caller's number of it */
    int32_t partition;
    int64_t offset;
    size_t size_bytes; /* of all this */
    struct str parts[PARCEL_PARTS];
    char bytes[];
};

/* Of a record of the stream `name`, number `stream`, whose unit lies at `path`. The caller's to free(); NULL: memory is
 * out, or the record cannot be shown. */
struct parcel *parcel_new(struct str name, uint32_t stream, struct str path,
                          const struct kafka_record *record);

#endif
