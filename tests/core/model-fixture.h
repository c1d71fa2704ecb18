/* model-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-model.h"
#include "gguf-builder.h"

/* Model files in a folder of the test's own, which main() makes and removes. */

#define LLAMA                                                                                      \
  "general.architecture=\"llama\" llama.block_count=3 llama.embedding_length=256 "                 \
  "llama.attention.head_count=4 llama.context_length=2048"

static char *folder;

static inline char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static inline void
make_folder (void)
{
  folder = g_dir_make_tmp ("refract-model-XXXXXX", NULL);
  g_assert_nonnull (folder);
}

static inline void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = in_folder (name);

      g_remove (path);
    }
  g_rmdir (folder);
  g_free (folder);
}

static inline GgufBuilder *
new_model (const char *keys)
{
  GgufBuilder *builder = gguf_new ();

  gguf_keys (builder, keys);
  gguf_tensor (builder, "token_embd.weight", 64);
  return builder;
}

static inline RefractModel *
load (GgufBuilder *builder, GError **error)
{
  g_autofree char *path = gguf_write (builder, folder, "model.gguf");

  return refract_model_new_from_file (path, NULL, error);
}

static inline RefractModel *
load_keys (const char *keys)
{
  g_autoptr (GgufBuilder) builder = new_model (keys);
  g_autoptr (GError) error = NULL;
  RefractModel *model = load (builder, &error);

  g_assert_no_error (error);
  return model;
}

static inline void
assert_refused (GError *error, const char *says)
{
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL);
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}
