/* What an expression of a rule can see: `event`, and the features of its pack. */
#ifndef CORE_RULES_SCHEMA_H
#define CORE_RULES_SCHEMA_H

#include "core/expr/expr.h"
#include "core/rules/event.h"

/* The object `event`: `at` is a struct event. A field that is not of the event's family has its default and is not set
 * (has()). Closed vocabularies are texts ("on_campus", "imminent"), `items` maps the item's name to its answer. Answers
 * that are not open are not there: to index them is an error of the evaluation. */
extern const struct expr_schema schema_event;

#endif
