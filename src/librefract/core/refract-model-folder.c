/* refract-model-folder.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-model-private.h"

#define MAX_CONFIG_BYTES (8u << 20)
#define MAX_TOKENIZER_BYTES (64u << 20)
#define MAX_TEMPLATE_BYTES (1u << 20)
#define MAX_ENTRIES 20000
#define WEIGHTS ".safetensors"

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

char *
refract_model_path_dup_name (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *parent_base = g_path_get_basename (parent);
  g_autofree char *repository = g_path_get_dirname (parent);
  g_autofree char *base = g_filename_display_basename (repository);

  if (g_str_equal (parent_base, "snapshots") && g_str_has_prefix (base, "models--"))
    return refract_model_clean_name (g_strrstr (base, "--") + 2);
  g_free (base);
  base = g_filename_display_basename (path);
  return refract_model_clean_name (base);
}

static gboolean
has_file_like (const char *path, const char *suffix)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *entry;
  guint n = 0;

  while (dir != NULL && n++ < MAX_ENTRIES && (entry = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (entry, suffix))
      return TRUE;
  return FALSE;
}

static gboolean
has_file (const char *path, const char *name)
{
  g_autofree char *file = g_build_filename (path, name, NULL);

  return g_file_test (file, G_FILE_TEST_EXISTS);
}

static gboolean
check_folder (const char *path, const char *name, GError **error)
{
  if (has_file (path, "config.json"))
    return TRUE;
  if (has_file_like (path, ".gguf"))
    return fail (error, "“%s” is a folder. Name the model’s .gguf file in it.", name);
  if (has_file (path, "adapter_config.json"))
    return fail (error,
                 "“%s” is a folder with a LoRA adapter, not a model. Merge it into its "
                 "model first.",
                 name);
  return fail (error,
               "“%s” is a folder without a config.json. Name a model’s folder, or a .gguf "
               "file.",
               name);
}

/* What many members describe layer by layer is left out where it is too much for one object. */
static JsonObject *
load_config (const char *path, const char *name, gboolean *pruned, GError **error)
{
  static const char *const large[]
      = { "quantization", "quantization_config", "id2label", "label2id", NULL };
  g_autofree char *file = g_build_filename (path, "config.json", NULL);
  JsonObject *config = refract_json_load_object (file, MAX_CONFIG_BYTES, NULL);
  g_autoptr (GError) own_error = NULL;

  *pruned = config == NULL;
  if (config == NULL)
    config = refract_json_load_object_pruned (file, MAX_CONFIG_BYTES, large, &own_error);
  if (config == NULL)
    fail (error, "The model “%s” cannot be read: %s", name, own_error->message);
  return config;
}

/* "bfloat16"; a name that is no short word is nobody's. */
static const char *
type_name (JsonObject *object)
{
  const char *type = refract_json_get_string (
      object, "dtype", refract_json_get_string (object, "torch_dtype", NULL));

  if (type != NULL && g_str_has_prefix (type, "torch."))
    type += strlen ("torch.");
  if (type == NULL || *type == '\0' || strlen (type) > 32
      || strspn (type, G_CSET_a_2_z G_CSET_DIGITS "_") != strlen (type))
    return NULL;
  return type;
}

static char *
describe_quantization (JsonObject *config, gboolean pruned)
{
  JsonObject *text = refract_json_get_object (config, "text_config");
  JsonObject *mlx = refract_json_get_object (config, "quantization");
  JsonObject *other = refract_json_get_object (config, "quantization_config");
  const char *type = type_name (config);
  const char *method;
  gint64 bits;

  if (type == NULL && text != NULL)
    type = type_name (text);
  if (pruned && (mlx != NULL || other != NULL))
    return g_strdup (mlx != NULL ? "mixed MLX" : "mixed");
  bits = mlx != NULL ? refract_json_get_int (mlx, "bits", 0) : 0;
  if (bits > 0 && bits <= 32)
    return g_strdup_printf ("%u-bit MLX", (guint) bits);
  method = other != NULL ? refract_json_get_string (other, "quant_method", NULL) : NULL;
  if (method != NULL && strlen (method) <= 32
      && strspn (method, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-") == strlen (method))
    {
      g_autofree char *upper = g_ascii_strup (method, -1);

      bits = refract_json_get_int (other, "bits", 0);
      return bits > 0 && bits <= 32 ? g_strdup_printf ("%s %u-bit", upper, (guint) bits)
                                    : g_steal_pointer (&upper);
    }
  return g_strdup (type != NULL ? type : "unknown");
}

static gboolean
names_code (JsonObject *object)
{
  JsonObject *map = object != NULL ? refract_json_get_object (object, "auto_map") : NULL;

  return object != NULL
         && ((map != NULL && json_object_get_size (map) > 0)
             || refract_json_get_string (object, "model_file", NULL) != NULL);
}

/* The text, or of several named ones the default. */
static char *
read_template (JsonObject *object)
{
  JsonArray *list = refract_json_get_array (object, "chat_template");
  const char *text = refract_json_get_string (object, "chat_template", NULL);

  for (guint i = 0; list != NULL && i < json_array_get_length (list); i++)
    {
      JsonObject *entry = refract_json_array_get_object (list, i);

      if (entry != NULL
          && (text == NULL || g_str_equal (refract_json_get_string (entry, "name", ""), "default")))
        text = refract_json_get_string (entry, "template", text);
    }
  return text != NULL && strlen (text) <= MAX_TEMPLATE_BYTES ? g_strdup (text) : NULL;
}

static void
read_tokenizer (const char *path, RefractModelInfo *info)
{
  static const char *const large[] = { "added_tokens_decoder", NULL };
  g_autofree char *jinja = g_build_filename (path, "chat_template.jinja", NULL);
  g_autofree char *file = g_build_filename (path, "tokenizer_config.json", NULL);
  g_autofree char *other = g_build_filename (path, "chat_template.json", NULL);
  g_autoptr (JsonObject) tokenizer
      = refract_json_load_object_pruned (file, MAX_TOKENIZER_BYTES, large, NULL);
  g_autoptr (JsonObject) templates = refract_json_load_object (other, MAX_CONFIG_BYTES, NULL);
  gsize length;
  g_autofree char *text = refract_json_read_text (jinja, MAX_TEMPLATE_BYTES, &length, NULL);

  info->has_model_code |= names_code (tokenizer);
  if (text != NULL && g_utf8_validate (text, (gssize) length, NULL))
    info->chat_template = g_steal_pointer (&text);
  if (info->chat_template == NULL && tokenizer != NULL)
    info->chat_template = read_template (tokenizer);
  if (info->chat_template == NULL && templates != NULL)
    info->chat_template = read_template (templates);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* An adapter beside the model and a second copy of its weights do not count. */
GPtrArray *
refract_model_list_weights (const char *path)
{
  static const char *const others[] = { "adapter", "consolidated" };
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *entry;
  guint n = 0;

  while (dir != NULL && n++ < MAX_ENTRIES && (entry = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (entry, WEIGHTS))
      g_ptr_array_add (names, g_strdup (entry));
  g_ptr_array_sort (names, compare_names);
  for (guint i = names->len; i-- > 0;)
    for (guint k = 0; k < G_N_ELEMENTS (others); k++)
      if (names->len > 1 && i < names->len
          && g_str_has_prefix (g_ptr_array_index (names, i), others[k]))
        g_ptr_array_remove_index (names, i);
  return names;
}

/* "model-00001-of-00003.safetensors": how many there have to be; 0 for other names */
static guint
count_parts (const char *name)
{
  const gsize tail = strlen ("-of-00003" WEIGHTS);
  gsize length = strlen (name);
  g_autofree char *digits = NULL;
  guint64 count;

  if (length <= tail || strncmp (name + length - tail, "-of-", 4) != 0)
    return 0;
  digits = g_strndup (name + length - tail + 4, 5);
  return g_ascii_string_to_unsigned (digits, 10, 1, 99999, &count, NULL) ? (guint) count : 0;
}

static gboolean
open_weights (const char *path, const char *name, int *fd, guint64 *size, GError **error)
{
  g_autofree char *file = g_build_filename (path, name, NULL);
  g_autofree char *shown = g_filename_display_name (name);
  struct stat status;

  /* O_NONBLOCK: opening a FIFO that nobody writes to must not wait */
  *fd = g_open (file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0);
  if (*fd >= 0 && fstat (*fd, &status) == 0 && S_ISREG (status.st_mode))
    {
      *size = (guint64) status.st_size;
      return TRUE;
    }
  return fail (error, "“%s” cannot be opened: %s. Download the model again.", shown,
               *fd < 0 ? g_strerror (errno) : "it is no file");
}

static gboolean
digest_weights (const char *path,
                GPtrArray *names,
                GChecksum *checksum,
                RefractModelInfo *info,
                GCancellable *cancellable,
                GError **error)
{
  int first = -1;
  guint64 first_size = 0;
  gboolean ok = TRUE;

  for (guint i = 0; ok && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      guint64 size = 0, size_le;
      int fd = -1;

      ok = !g_cancellable_set_error_if_cancelled (cancellable, error)
           && open_weights (path, name, &fd, &size, error);
      size_le = GUINT64_TO_LE (size);
      g_checksum_update (checksum, (const guchar *) name, (gssize) strlen (name) + 1);
      g_checksum_update (checksum, (const guchar *) &size_le, sizeof size_le);
      info->size_bytes += size;
      if (i == 0)
        {
          first = fd;
          first_size = size;
        }
      else if (fd >= 0)
        close (fd);
    }
  if (ok)
    {
      guint64 total_le = GUINT64_TO_LE (info->size_bytes);

      g_checksum_update (checksum, (const guchar *) &total_le, sizeof total_le);
      ok = refract_model_digest_ends (checksum, first, first_size, g_ptr_array_index (names, 0),
                                      error);
    }
  if (first >= 0)
    close (first);
  return ok;
}

static gboolean
read_weights (const char *path, RefractModelInfo *info, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) names = refract_model_list_weights (path);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *config = g_build_filename (path, "config.json", NULL);
  g_autofree char *text = NULL;
  guint n_parts;
  gsize length;

  if (names->len == 0)
    return fail (error,
                 "The folder of “%s” has no safetensors files, so no weights that can be loaded "
                 "safely. Download the model again, or convert it.",
                 info->name);
  n_parts = count_parts (g_ptr_array_index (names, 0));
  if (names->len < n_parts)
    return fail (error, "“%s” has %u of its %u safetensors files. Download the others.", info->name,
                 names->len, n_parts);
  text = refract_json_read_text (config, MAX_CONFIG_BYTES, &length, error);
  if (text == NULL)
    return FALSE;
  g_checksum_update (checksum, (const guchar *) text, (gssize) length);
  info->n_parts = names->len;
  if (!digest_weights (path, names, checksum, info, cancellable, error))
    return FALSE;
  info->fingerprint = g_strdup (g_checksum_get_string (checksum));
  return TRUE;
}

gboolean
refract_model_read_folder (const char *path,
                           RefractModelInfo *info,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (JsonObject) config = NULL;
  const char *type;
  gboolean pruned;

  info->is_directory = TRUE;
  info->path = g_strdup (path);
  info->name = refract_model_path_dup_name (path);
  if (!check_folder (path, info->name, error))
    return FALSE;
  config = load_config (path, info->name, &pruned, error);
  if (config == NULL)
    return FALSE;
  type = refract_json_get_string (config, "model_type", NULL);
  if (type == NULL || *type == '\0' || strlen (type) > 64
      || strspn (type, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-.") != strlen (type))
    return fail (error,
                 "The config.json of “%s” names no model type, so it is not a language model’s.",
                 info->name);
  info->architecture = g_strdup (type);
  info->quantization = describe_quantization (config, pruned);
  info->has_model_code = names_code (config);
  read_tokenizer (path, info);
  return refract_model_read_config (config, info->name, info, error)
         && read_weights (path, info, cancellable, error);
}
