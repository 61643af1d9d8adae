// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Values of unit properties as text: the text format of GVariant, as far as D-Bus has the types. Annotations
 * `org.systemd.property.NAME` come in it, `crun plan` shows properties in it, and crun-systemd turns it into messages.
 *
 *     true  -5  uint64 7  1.5  'text'  "text"  b'bytes'  ['a', 'b']  @as []  ('x', uint32 1)  {'key': <5>}  <'variant'>
 *
 * A number without a type is an int32 (with a point: a double). All elements of an array have the type of the first.
 */
#pragma once

#include "base/error.h"

/* Before the name of a property that older versions of systemd do not have: they do without it. */
#define UNIT_PROPERTY_IF_KNOWN "?"

#define GVARIANT_SIGNATURE_SIZE 256

/* Who takes a value apart; each returns 0 or -errno, which ends the walk. */
struct gvariant_sink {
    void *userdata;
    /* VALUE as the D-Bus type TYPE has it in memory: int64_t *, double *, int * for 'b'; const char * for 's', 'o', 'g'. */
    int (*basic)(void *userdata, char type, const void *value);
    /* TYPE 'a', 'r', 'e' or 'v'; CONTENTS is the signature of what is in it. */
    int (*open)(void *userdata, char type, const char *contents);
    int (*close)(void *userdata);
};

/* The D-Bus signature of the value in TEXT, which must be one value and nothing else. */
int gvariant_signature(const char *text, char signature[GVARIANT_SIGNATURE_SIZE], struct error *err);

/* The value in TEXT to SINK. */
int gvariant_walk(const char *text, const struct gvariant_sink *sink, struct error *err);
