// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locales of the program where musl is its C library. json-c makes one before each document, so that a decimal point is
 * one, and throws it away afterwards: with musl, whose numbers always have a point, that is seven system calls and three
 * page faults of its inner heap for nothing. There is one locale here, and nothing to make.
 */
#include <locale.h>

static int only;

locale_t newlocale(int mask, const char *name, locale_t base)
{
    return (locale_t) &only;
}

locale_t duplocale(locale_t locale)
{
    return (locale_t) &only;
}

locale_t uselocale(locale_t locale)
{
    return (locale_t) &only;
}

void freelocale(locale_t locale)
{
}
