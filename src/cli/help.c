// SPDX-License-Identifier: GPL-2.0-or-later
/* Help from the option tables; see help.h. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/program.h"

static const char about[] =
    "An OCI container runtime: makes and runs containers as config.json of a bundle describes them.";

/* How an option looks in the left column of a kind of help. */
typedef void (*option_face)(char *text, size_t size, const struct option *option);

static void gnu_option(char *text, size_t size, const struct option *option)
{
    int n = option->letter ? snprintf(text, size, "-%c, ", option->letter) : snprintf(text, size, "    ");

    snprintf(text + n, size - (size_t) n, "--%s%s%s", option->name, option->argument ? "=" : "",
             option->argument ? option->argument : "");
}

static void sections_option(char *text, size_t size, const struct option *option)
{
    const char *value = option->argument ? " value" : "";

    if (option->letter)
        snprintf(text, size, "--%s%s, -%c%s", option->name, value, option->letter, value);
    else
        snprintf(text, size, "--%s%s", option->name, value);
}

static size_t options_width(const struct option *options, size_t n, option_face face)
{
    size_t width = 0;
    char text[128];

    for (size_t i = 0; i < n; i++) {
        face(text, sizeof text, &options[i]);
        if (options[i].help && strlen(text) > width)
            width = strlen(text);
    }
    return width;
}

static void print_options(const struct option *options, size_t n, const char *indent, size_t width, option_face face)
{
    char text[128];

    for (size_t i = 0; i < n; i++) {
        if (!options[i].help)
            continue;
        face(text, sizeof text, &options[i]);
        printf("%s%-*s  %s\n", indent, (int) width, text, options[i].help);
    }
}

/* OPTIONS and those that every command has, in one column. */
static void print_option_block(const struct option *options, size_t n, const char *indent, option_face face)
{
    size_t own = options_width(options, n, face);
    size_t common = options_width(common_options, n_common_options, face);
    size_t width = own > common ? own : common;

    print_options(options, n, indent, width, face);
    print_options(common_options, n_common_options, indent, width, face);
}

static void print_commands(const char *indent)
{
    for (const struct command *const *c = commands; *c; c++)
        if (!(*c)->hidden)
            printf("%s%-10s  %s\n", indent, (*c)->name, (*c)->summary);
}

/* ---- GNU ---- */

void help_gnu_program(const struct program *program)
{
    printf("Usage: %s [OPTION...] COMMAND [ARG...]\n%s\n\nCommands:\n", program->called, about);
    print_commands("  ");
    printf("\nGlobal options:\n");
    print_option_block(global_options, n_global_options, "  ", gnu_option);
    printf("\n\"%s COMMAND --help\" shows the options of a command; crun(1) explains them.\n", program->called);
}

void help_gnu_command(const struct program *program, const struct command *command)
{
    printf("Usage: %s [GLOBAL OPTION...] %s [OPTION...]%s%s\n%s\n", program->called, command->name,
           *command->operands ? " " : "", command->operands, command->summary);
    if (command->description)
        printf("\n%s\n", command->description);
    printf("\nOptions:\n");
    print_option_block(command->options, command->n_options, "  ", gnu_option);
}

/* ---- sections ---- */

void help_sections_program(const struct program *program)
{
    printf("NAME:\n   %s - Open Container Initiative runtime\n\n%s\n\n", program->called, about);
    printf("USAGE:\n   %s [global options] command [command options] [arguments...]\n\n", program->called);
    printf("VERSION:\n   %s\n\nCOMMANDS:\n", crun_version());
    print_commands("   ");
    printf("\nGLOBAL OPTIONS:\n");
    print_option_block(global_options, n_global_options, "   ", sections_option);
}

void help_sections_command(const struct program *program, const struct command *command)
{
    printf("NAME:\n   %s %s - %s\n\n", program->called, command->name, command->summary);
    printf("USAGE:\n   %s %s [command options]%s%s\n\n", program->called, command->name, *command->operands ? " " : "",
           command->operands);
    if (command->description)
        printf("DESCRIPTION:\n   %s\n\n", command->description);
    printf("OPTIONS:\n");
    print_option_block(command->options, command->n_options, "   ", sections_option);
}

/* ---- both ---- */

static void print_usage_options(const struct option *options, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (options[i].help)
            printf(" [--%s%s%s]", options[i].name, options[i].argument ? "=" : "",
                   options[i].argument ? options[i].argument : "");
}

void help_usage(const struct program *program, const struct command *command)
{
    printf("Usage: %s%s%s", program->called, command ? " " : "", command ? command->name : "");
    if (command)
        print_usage_options(command->options, command->n_options);
    else
        print_usage_options(global_options, n_global_options);
    print_usage_options(common_options, n_common_options);
    printf("%s%s\n", !command || *command->operands ? " " : "", command ? command->operands : "COMMAND [ARG...]");
}

void help_version(const struct program *program)
{
    printf("%s version %s\ncommit: %s\nrundir: %s\nspec: %s\n%s\n", program->face->name, crun_version(), crun_commit(),
           crun_context_root(program->context), crun_spec_version(), crun_feature_tags());
}
