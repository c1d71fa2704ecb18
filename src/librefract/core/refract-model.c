/* refract-model.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-gguf-private.h"
#include "core/refract-model-private.h"

#define FINGERPRINT_BYTES (1u << 20)
#define MAX_NAME_CHARS 200

struct _RefractModel
{
  GObject parent_instance;

  RefractModelInfo info;
};

G_DEFINE_FINAL_TYPE (RefractModel, refract_model, G_TYPE_OBJECT)

/* One opened file with its header. */
typedef struct
{
  char *path;
  char *name;
  int fd;
  guint64 size;
  RefractGguf *gguf;
} Part;

/* `stem-00002-of-00003.gguf` */
typedef struct
{
  char *stem;
  guint number;
  guint count;
} SplitName;

static void
part_clear (Part *part)
{
  g_clear_pointer (&part->path, g_free);
  g_clear_pointer (&part->name, g_free);
  g_clear_pointer (&part->gguf, refract_gguf_free);
  if (part->fd >= 0)
    close (part->fd);
  part->fd = -1;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Part, part_clear)

static void
split_name_clear (SplitName *split)
{
  g_clear_pointer (&split->stem, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SplitName, split_name_clear)

static gboolean fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (REFRACT_ERROR, REFRACT_ERROR_MODEL, format, args);
  va_end (args);
  return FALSE;
}

static gboolean
open_regular (Part *part, GError **error)
{
  struct stat status;

  /* O_NONBLOCK: opening a FIFO that nobody writes to must not wait */
  part->fd = g_open (part->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
  if (part->fd < 0 && errno == ENOENT)
    {
      g_autofree char *path = g_filename_display_name (part->path);

      return fail (error, "There is no file “%s”. Check the model’s path.", path);
    }
  if (part->fd < 0 && errno == EACCES)
    return fail (error, "“%s” may not be read by this user. Change its permissions or copy it.",
                 part->name);
  if (part->fd < 0 || fstat (part->fd, &status) != 0)
    return fail (error, "“%s” cannot be opened: %s.", part->name, g_strerror (errno));
  if (!S_ISREG (status.st_mode))
    return fail (error, "“%s” is a pipe, socket or device. Name a GGUF file.", part->name);
  part->size = (guint64) status.st_size;
  return TRUE;
}

static gboolean
part_open (Part *part, const char *path, GCancellable *cancellable, GError **error)
{
  part->path = g_strdup (path);
  part->name = g_filename_display_basename (path);
  if (!open_regular (part, error))
    return FALSE;
  part->gguf = refract_gguf_new_from_fd (part->fd, part->size, part->name, cancellable, error);
  return part->gguf != NULL;
}

static gboolean
parse_digits (const char *text, guint *value)
{
  *value = 0;
  for (guint i = 0; i < 5; i++)
    {
      if (!g_ascii_isdigit (text[i]))
        return FALSE;
      *value = *value * 10 + (guint) g_ascii_digit_value (text[i]);
    }
  return TRUE;
}

static gboolean
parse_split_name (const char *path, SplitName *split)
{
  const gsize tail = strlen ("-00001-of-00002.gguf");
  gsize length = strlen (path);
  const char *end;

  if (length <= tail)
    return FALSE;
  end = path + length - tail;
  if (end[0] != '-' || !parse_digits (end + 1, &split->number) || strncmp (end + 6, "-of-", 4) != 0
      || !parse_digits (end + 10, &split->count) || !g_str_equal (end + 15, ".gguf")
      || split->number < 1 || split->number > split->count)
    return FALSE;
  split->stem = g_strndup (path, (gsize) (end - path));
  return TRUE;
}

static char *
split_path (const SplitName *split, guint number)
{
  return g_strdup_printf ("%s-%05u-of-%05u.gguf", split->stem, number, split->count);
}

static gboolean
check_split_part (const Part *part, guint number, guint count, GError **error)
{
  guint64 claimed_count = 0;
  guint64 claimed_number = G_MAXUINT64;

  refract_gguf_get_uint (part->gguf, "split.count", &claimed_count);
  refract_gguf_get_uint (part->gguf, "split.no", &claimed_number);
  if (claimed_count == count && claimed_number == number - 1)
    return TRUE;
  return fail (error,
               "“%s” is not part %u of %u of this model, its header says. Download the parts again "
               "and keep their names.",
               part->name, number, count);
}

static gboolean
open_split_part (
    Part *part, const SplitName *split, guint number, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = split_path (split, number);

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autofree char *name = g_filename_display_basename (path);

      return fail (error,
                   "Part %u of %u of the model is missing: “%s”. Put all parts into one folder.",
                   number, split->count, name);
    }
  return part_open (part, path, cancellable, error)
         && check_split_part (part, number, split->count, error);
}

/* Replaces @first, whichever part it is, by the first one, and adds up what the others hold. */
static gboolean
open_all_parts (Part *first,
                guint64 split_count,
                guint64 *size,
                guint64 *n_tensors,
                GCancellable *cancellable,
                GError **error)
{
  g_auto (SplitName) split = { 0 };
  guint64 claimed;

  if (!parse_split_name (first->path, &split) || split.count != split_count)
    return fail (error,
                 "“%s” is one of %" PRIu64 " parts of a model, but is not called "
                 "…-00001-of-%05" PRIu64 ".gguf. Give the parts their names back.",
                 first->name, split_count, split_count);
  if (split.number != 1)
    {
      part_clear (first);
      if (!open_split_part (first, &split, 1, cancellable, error))
        return FALSE;
    }
  else if (!check_split_part (first, 1, split.count, error))
    return FALSE;

  *size = first->size;
  *n_tensors = refract_gguf_get_n_tensors (first->gguf);
  for (guint number = 2; number <= split.count; number++)
    {
      g_auto (Part) part = { .fd = -1 };

      if (!open_split_part (&part, &split, number, cancellable, error))
        return FALSE;
      *size += part.size;
      *n_tensors += refract_gguf_get_n_tensors (part.gguf);
    }
  if (refract_gguf_get_uint (first->gguf, "split.tensors.count", &claimed) && claimed != *n_tensors)
    return fail (error,
                 "The parts of “%s” hold %" PRIu64 " tensors, not the %" PRIu64
                 " that the model has. Download all parts again.",
                 first->name, *n_tensors, claimed);
  return TRUE;
}

static gboolean
digest_range (GChecksum *checksum, int fd, const char *name, guint64 start, gsize n, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (FINGERPRINT_BYTES);
  gsize done = 0;

  while (done < n)
    {
      gssize step = pread (fd, buffer + done, n - done, (off_t) (start + done));

      if (step < 0 && errno == EINTR)
        continue;
      if (step <= 0)
        return fail (error, "“%s” cannot be read: %s.", name,
                     step < 0 ? g_strerror (errno) : "it became shorter meanwhile");
      done += (gsize) step;
    }
  g_checksum_update (checksum, buffer, (gssize) n);
  return TRUE;
}

gboolean
refract_model_digest_ends (
    GChecksum *checksum, int fd, guint64 size, const char *name, GError **error)
{
  gsize n = (gsize) MIN (size, FINGERPRINT_BYTES);

  return digest_range (checksum, fd, name, 0, n, error)
         && digest_range (checksum, fd, name, size - n, n, error);
}

static char *
fingerprint (const Part *part, guint64 total_size, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 size_le = GUINT64_TO_LE (total_size);

  g_checksum_update (checksum, (const guchar *) &size_le, sizeof size_le);
  if (!refract_model_digest_ends (checksum, part->fd, part->size, part->name, error))
    return NULL;
  return g_strdup (g_checksum_get_string (checksum));
}

static gboolean
check_kind (const Part *part, const char *architecture, GError **error)
{
  static const struct
  {
    const char *word;
    const char *meaning;
  } kinds[] = {
    { "adapter", "a LoRA adapter" },
    { "lora", "a LoRA adapter" },
    { "mmproj", "a projector for images or sound" },
    { "clip", "a projector for images or sound" },
    { "imatrix", "an importance matrix" },
    { "controlvector", "a control vector" },
  };
  const char *type = refract_gguf_get_string (part->gguf, "general.type");
  const char *words[] = { type, architecture };

  for (guint w = 0; w < G_N_ELEMENTS (words); w++)
    for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
      if (g_strcmp0 (words[w], kinds[i].word) == 0)
        return fail (error, "“%s” is %s, not a model. Name the model’s own .gguf file.", part->name,
                     kinds[i].meaning);
  if (architecture == NULL)
    return fail (error, "“%s” names no architecture, so it is not a language model.", part->name);
  for (const char *c = architecture; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("-_.", *c) == NULL)
      return fail (error, "“%s” names an impossible architecture. Download it again.", part->name);
  return TRUE;
}

char *
refract_model_clean_name (const char *text)
{
  GString *clean = g_string_new (NULL);
  glong n = 0;

  for (const char *c = text; *c != '\0' && n < MAX_NAME_CHARS; c = g_utf8_next_char (c), n++)
    {
      gunichar ch = g_utf8_get_char (c);

      g_string_append_unichar (clean, g_unichar_isprint (ch) ? ch : ' ');
    }
  g_strstrip (clean->str);
  return g_string_free (clean, FALSE);
}

static char *
model_name (const Part *part, const SplitName *split)
{
  const char *text = refract_gguf_get_string (part->gguf, "general.name");
  g_autofree char *name = refract_model_clean_name (text != NULL ? text : "");
  g_autofree char *base = NULL;

  if (name[0] != '\0')
    return g_steal_pointer (&name);
  base = g_filename_display_basename (split->stem != NULL ? split->stem : part->path);
  if (split->stem == NULL && g_str_has_suffix (base, ".gguf"))
    base[strlen (base) - strlen (".gguf")] = '\0';
  return g_steal_pointer (&base);
}

static gboolean
read_chat_template (const Part *part, RefractModelInfo *info, GError **error)
{
  const char *key = "tokenizer.chat_template";
  guint64 length;

  info->chat_template = g_strdup (refract_gguf_get_string (part->gguf, key));
  if (info->chat_template == NULL && refract_gguf_get_string_length (part->gguf, key, &length))
    return fail (error, "“%s” has a chat template of %" PRIu64 " MiB, which is not one.",
                 part->name, length >> 20);
  return TRUE;
}

static gboolean
read_facts (const Part *part, RefractModelInfo *info, GError **error)
{
  const char *architecture = refract_gguf_get_string (part->gguf, "general.architecture");
  g_autofree char *vocabulary_key = NULL;
  g_auto (SplitName) split = { 0 };
  guint64 file_type;

  if (!check_kind (part, architecture, error))
    return FALSE;
  if (info->n_tensors == 0)
    return fail (error, "“%s” holds no tensors, only a vocabulary. Name a whole model.",
                 part->name);
  info->architecture = g_strdup (architecture);
  if (!refract_model_read_geometry (part->gguf, architecture, part->name, info, error)
      || !read_chat_template (part, info, error))
    return FALSE;

  vocabulary_key = g_strconcat (architecture, ".vocab_size", NULL);
  if (!refract_gguf_get_uint (part->gguf, vocabulary_key, &info->n_vocab))
    refract_gguf_get_array_length (part->gguf, "tokenizer.ggml.tokens", &info->n_vocab);
  if (!refract_gguf_get_uint (part->gguf, "general.file_type", &file_type))
    file_type = G_MAXUINT64;
  info->quantization = refract_gguf_file_type_name (file_type);
  parse_split_name (part->path, &split);
  info->name = model_name (part, &split);
  info->path = g_strdup (part->path);
  return TRUE;
}

static void
refract_model_finalize (GObject *object)
{
  RefractModel *self = REFRACT_MODEL (object);

  g_free ((char *) self->info.path);
  g_free ((char *) self->info.name);
  g_free ((char *) self->info.architecture);
  g_free ((char *) self->info.quantization);
  g_free ((char *) self->info.chat_template);
  g_free ((char *) self->info.fingerprint);
  G_OBJECT_CLASS (refract_model_parent_class)->finalize (object);
}

static void
refract_model_class_init (RefractModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_model_finalize;
}

static void
refract_model_init (RefractModel *self)
{
}

static gboolean
read_gguf (const char *path, RefractModelInfo *info, GCancellable *cancellable, GError **error)
{
  g_auto (Part) part = { .fd = -1 };
  guint64 split_count = 0;

  if (!part_open (&part, path, cancellable, error))
    return FALSE;
  info->size_bytes = part.size;
  info->n_tensors = refract_gguf_get_n_tensors (part.gguf);
  info->n_parts = 1;
  if (refract_gguf_get_uint (part.gguf, "split.count", &split_count) && split_count > 1)
    {
      if (!open_all_parts (&part, split_count, &info->size_bytes, &info->n_tensors, cancellable,
                           error))
        return FALSE;
      info->n_parts = (guint) split_count;
    }
  if (!read_facts (&part, info, error))
    return FALSE;
  info->fingerprint = fingerprint (&part, info->size_bytes, error);
  return info->fingerprint != NULL;
}

RefractModel *
refract_model_new_from_file (const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (RefractModel) self = NULL;
  g_autofree char *absolute = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *base = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  self = g_object_new (REFRACT_TYPE_MODEL, NULL);
  absolute = g_canonicalize_filename (path, NULL);
  base = g_path_get_basename (absolute);
  if (g_file_test (absolute, G_FILE_TEST_IS_DIR))
    folder = g_strdup (absolute);
  else if (g_str_equal (base, "config.json"))
    folder = g_path_get_dirname (absolute);
  if (folder != NULL ? !refract_model_read_folder (folder, &self->info, cancellable, error)
                     : !read_gguf (absolute, &self->info, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

const RefractModelInfo *
refract_model_get_info (RefractModel *self)
{
  g_return_val_if_fail (REFRACT_IS_MODEL (self), NULL);

  return &self->info;
}
