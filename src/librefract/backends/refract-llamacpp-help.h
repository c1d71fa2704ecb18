/* refract-llamacpp-help.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RefractLlamacppHelp:
 *
 * What one llama.cpp program says of its flags in `--help`. Builds and programs differ, so that
 * every flag is looked up here before it is used. Immutable.
 */
typedef struct _RefractLlamacppHelp RefractLlamacppHelp;

/* @text: everything that `--help` printed. Never %NULL: a text of something else has no flags. */
RefractLlamacppHelp *refract_llamacpp_help_parse (const char *text);
void refract_llamacpp_help_free (RefractLlamacppHelp *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLlamacppHelp, refract_llamacpp_help_free)

/* @flag: with its dashes, any of its spellings */
gboolean refract_llamacpp_help_has (RefractLlamacppHelp *self, const char *flag);
/* (nullable) (transfer none): the flag's value and description in one line: "[on|off|auto] set …"
 */
const char *refract_llamacpp_help_describe (RefractLlamacppHelp *self, const char *flag);
/* whether the flag is followed by a value */
gboolean refract_llamacpp_help_takes_value (RefractLlamacppHelp *self, const char *flag);

/* (transfer full): the types that the help lists for --cache-type-k; those that llama.cpp always
 * had where it lists none */
char **refract_llamacpp_help_dup_kv_types (RefractLlamacppHelp *self);

/* (transfer full): the lines below "Available devices:" of `--list-devices`; may be empty */
char **refract_llamacpp_parse_devices (const char *text);

/* What `--version` printed: "0.7.0 (b11669-Debian)", "b4991-f0ea1a2b"; %FALSE when there is no
 * version in it. @build gets the build's number, "" when it has none. */
gboolean refract_llamacpp_parse_version (const char *text, char **version, char **build);

G_END_DECLS
