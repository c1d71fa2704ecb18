/* refract-model-finder.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "core/refract-json.h"
#include "core/refract-model-finder.h"
#include "core/refract-model-private.h"

#define MAX_DEPTH 8
#define MAX_ENTRIES 50000
#define MAX_MODELS 500
#define MAX_MANIFEST_BYTES (1024 * 1024)
#define MAX_CONFIG_BYTES (8u << 20)
#define MODEL_LAYER "application/vnd.ollama.image.model"

struct _RefractFoundModel
{
  GObject parent_instance;

  char *path;
  char *name;
  const char *source;
  guint64 size;
};

enum
{
  PROP_0,
  PROP_PATH,
  PROP_NAME,
  PROP_SOURCE,
  PROP_SIZE_BYTES,
  N_PROPS
};

G_DEFINE_FINAL_TYPE (RefractFoundModel, refract_found_model, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPS];

static void
refract_found_model_finalize (GObject *object)
{
  RefractFoundModel *self = REFRACT_FOUND_MODEL (object);

  g_free (self->path);
  g_free (self->name);

  G_OBJECT_CLASS (refract_found_model_parent_class)->finalize (object);
}

static void
refract_found_model_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractFoundModel *self = REFRACT_FOUND_MODEL (object);

  switch (prop_id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_SOURCE:
      g_value_set_string (value, self->source);
      break;
    case PROP_SIZE_BYTES:
      g_value_set_uint64 (value, self->size);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_found_model_class_init (RefractFoundModelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = refract_found_model_finalize;
  object_class->get_property = refract_found_model_get_property;

  properties[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, flags);
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_SOURCE] = g_param_spec_string ("source", NULL, NULL, NULL, flags);
  properties[PROP_SIZE_BYTES]
      = g_param_spec_uint64 ("size-bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
refract_found_model_init (RefractFoundModel *self)
{
}

const char *
refract_found_model_get_path (RefractFoundModel *self)
{
  g_return_val_if_fail (REFRACT_IS_FOUND_MODEL (self), NULL);

  return self->path;
}

const char *
refract_found_model_get_name (RefractFoundModel *self)
{
  g_return_val_if_fail (REFRACT_IS_FOUND_MODEL (self), NULL);

  return self->name;
}

const char *
refract_found_model_get_source (RefractFoundModel *self)
{
  g_return_val_if_fail (REFRACT_IS_FOUND_MODEL (self), NULL);

  return self->source;
}

guint64
refract_found_model_get_size (RefractFoundModel *self)
{
  g_return_val_if_fail (REFRACT_IS_FOUND_MODEL (self), 0);

  return self->size;
}

/* One search. @seen holds device and inode of every folder and model, so that links and several
 * revisions that share a file count once, and a link to a folder above ends. */
typedef struct
{
  GPtrArray *models;
  GHashTable *seen;
  guint n_entries;
  GCancellable *cancellable;
} Search;

typedef void (*FileFunc) (Search *search, const char *path, const char *source);

static gboolean
is_first_sight (Search *search, const GStatBuf *status)
{
  return g_hash_table_add (search->seen,
                           g_strdup_printf ("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                                            (guint64) status->st_dev, (guint64) status->st_ino));
}

static gboolean
is_exhausted (Search *search)
{
  return search->n_entries >= MAX_ENTRIES || search->models->len >= MAX_MODELS
         || g_cancellable_is_cancelled (search->cancellable);
}

static void
add_model (Search *search, const char *path, const char *name, const char *source, guint64 size)
{
  RefractFoundModel *model = g_object_new (REFRACT_TYPE_FOUND_MODEL, NULL);

  model->path = g_strdup (path);
  model->name = g_filename_display_name (name);
  model->source = source;
  model->size = size;
  g_ptr_array_add (search->models, model);
}

/* `stem-00001-of-00003.gguf`: the number of parts, 0 for a later part, 1 for another name. @stem is
 * how many bytes of @name stand before the number. */
static guint
count_parts (const char *name, gsize *stem)
{
  const gsize tail = strlen ("-00001-of-00003.gguf");
  gsize length = strlen (name);
  const char *end = name + length - tail;
  guint64 number, count;
  g_autofree char *number_text = NULL;
  g_autofree char *count_text = NULL;

  *stem = length - strlen (".gguf");
  if (length <= tail || end[0] != '-' || strncmp (end + 6, "-of-", 4) != 0)
    return 1;
  number_text = g_strndup (end + 1, 5);
  count_text = g_strndup (end + 10, 5);
  if (!g_ascii_string_to_unsigned (number_text, 10, 1, 99999, &number, NULL)
      || !g_ascii_string_to_unsigned (count_text, 10, 1, 99999, &count, NULL))
    return 1;
  *stem = length - tail;
  return number == 1 ? (guint) count : 0;
}

static guint64
sum_parts (Search *search, const char *path, guint n_parts, guint64 size)
{
  g_autofree char *stem = g_strndup (path, strlen (path) - strlen ("-00001-of-00003.gguf"));

  for (guint i = 2; i <= n_parts && !is_exhausted (search); i++)
    {
      g_autofree char *part = g_strdup_printf ("%s-%05u-of-%05u.gguf", stem, i, n_parts);
      GStatBuf status;

      search->n_entries++;
      if (g_stat (part, &status) == 0)
        size += (guint64) status.st_size;
    }
  return size;
}

static void
visit_gguf (Search *search, const char *path, const char *source)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = NULL;
  GStatBuf status;
  guint n_parts;
  gsize stem;

  if (!g_str_has_suffix (base, ".gguf") || strstr (base, "mmproj") != NULL)
    return;
  n_parts = count_parts (base, &stem);
  if (n_parts == 0 || g_stat (path, &status) != 0 || !S_ISREG (status.st_mode)
      || !is_first_sight (search, &status))
    return;
  name = g_strndup (base, stem);
  add_model (search, path, name, source,
             n_parts > 1 ? sum_parts (search, path, n_parts, (guint64) status.st_size)
                         : (guint64) status.st_size);
}

/* Whether a folder's config.json is of a model that continues text. */
static gboolean
is_language_model (const char *path)
{
  static const char *const large[]
      = { "quantization", "quantization_config", "id2label", "label2id", NULL };
  static const char *const endings[] = { "ForCausalLM", "LMHeadModel", "ForConditionalGeneration" };
  g_autoptr (JsonObject) config
      = refract_json_load_object_pruned (path, MAX_CONFIG_BYTES, large, NULL);
  JsonArray *architectures
      = config != NULL ? refract_json_get_array (config, "architectures") : NULL;
  const char *name
      = architectures != NULL ? refract_json_array_get_string (architectures, 0) : NULL;

  if (config == NULL || refract_json_get_boolean (config, "is_encoder_decoder", FALSE)
      || refract_json_get_string (config, "model_type", NULL) == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (endings); i++)
    if (name != NULL && g_str_has_suffix (name, endings[i]))
      return TRUE;
  return name == NULL;
}

/* A folder with config.json and safetensors files; a part of a larger pipeline is none. */
static void
visit_config (Search *search, const char *path, const char *source)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *parent = g_path_get_dirname (folder);
  g_autofree char *pipeline = g_build_filename (parent, "model_index.json", NULL);
  g_autoptr (GPtrArray) weights = refract_model_list_weights (folder);
  g_autofree char *name = NULL;
  guint64 size = 0;
  GStatBuf status;

  if (weights->len == 0 || g_file_test (pipeline, G_FILE_TEST_EXISTS) || g_stat (path, &status) != 0
      || !S_ISREG (status.st_mode) || !is_first_sight (search, &status)
      || !is_language_model (path))
    return;
  for (guint i = 0; i < weights->len && !is_exhausted (search); i++)
    {
      g_autofree char *file = g_build_filename (folder, g_ptr_array_index (weights, i), NULL);

      search->n_entries++;
      if (g_stat (file, &status) != 0 || !S_ISREG (status.st_mode))
        return;
      size += (guint64) status.st_size;
    }
  name = refract_model_path_dup_name (folder);
  add_model (search, folder, name, source, size);
}

/* Either form. */
static void
visit_file (Search *search, const char *path, const char *source)
{
  g_autofree char *base = g_path_get_basename (path);

  if (g_str_equal (base, "config.json"))
    visit_config (search, path, source);
  else
    visit_gguf (search, path, source);
}

/* A manifest lies at `models/manifests/REGISTRY/NAMESPACE/NAME/TAG`, its blobs in `models/blobs`.
 */
static void
visit_manifest (Search *search, const char *path, const char *source)
{
  g_autoptr (JsonObject) manifest = refract_json_load_object (path, MAX_MANIFEST_BYTES, NULL);
  JsonArray *layers = manifest != NULL ? refract_json_get_array (manifest, "layers") : NULL;
  const char *root = strstr (path, G_DIR_SEPARATOR_S "manifests" G_DIR_SEPARATOR_S);
  g_autofree char *models = root != NULL ? g_strndup (path, (gsize) (root - path)) : NULL;
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *family = g_path_get_basename (folder);
  g_autofree char *tag = g_path_get_basename (path);
  g_autofree char *name = g_strdup_printf ("%s:%s", family, tag);

  for (guint i = 0; layers != NULL && models != NULL && i < json_array_get_length (layers); i++)
    {
      JsonNode *node = json_array_get_element (layers, i);
      JsonObject *layer = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      const char *digest = layer != NULL ? refract_json_get_string (layer, "digest", "") : "";
      g_autofree char *blob = NULL;
      g_autofree char *file = NULL;
      GStatBuf status;

      if (layer == NULL
          || !g_str_equal (refract_json_get_string (layer, "mediaType", ""), MODEL_LAYER)
          || !g_str_has_prefix (digest, "sha256:")
          || strspn (digest + 7, "0123456789abcdef") != strlen (digest + 7))
        continue;
      blob = g_strdup_printf ("sha256-%s", digest + 7);
      file = g_build_filename (models, "blobs", blob, NULL);
      if (g_stat (file, &status) == 0 && S_ISREG (status.st_mode)
          && is_first_sight (search, &status))
        add_model (search, file, name, source, (guint64) status.st_size);
    }
}

static void
visit_folder (Search *search, const char *path, const char *source, FileFunc visit, guint depth)
{
  g_autoptr (GDir) dir = NULL;
  GStatBuf status;
  const char *name;

  if (depth == 0 || is_exhausted (search) || g_stat (path, &status) != 0
      || !S_ISDIR (status.st_mode) || !is_first_sight (search, &status))
    return;

  dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL && !is_exhausted (search))
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      search->n_entries++;
      if (g_file_test (child, G_FILE_TEST_IS_DIR))
        visit_folder (search, child, source, visit, depth - 1);
      else
        visit (search, child, source);
    }
}

/* Below the folder that @variable names, else below @fallback in @base. */
static void
visit_place (Search *search,
             const char *source,
             FileFunc visit,
             const char *variable,
             const char *below,
             const char *base,
             const char *fallback)
{
  const char *named = variable != NULL ? g_getenv (variable) : NULL;
  gboolean is_named = named != NULL && *named != '\0';
  g_autofree char *path
      = is_named ? g_build_filename (named, below, NULL) : g_build_filename (base, fallback, NULL);

  visit_folder (search, path, source, visit, MAX_DEPTH);
}

static int
compare_models (gconstpointer a, gconstpointer b)
{
  const RefractFoundModel *left = *(RefractFoundModel *const *) a;
  const RefractFoundModel *right = *(RefractFoundModel *const *) b;
  g_autofree char *left_key = g_utf8_casefold (left->name, -1);
  g_autofree char *right_key = g_utf8_casefold (right->name, -1);
  int order = strcmp (left_key, right_key);

  return order != 0 ? order : strcmp (left->path, right->path);
}

GPtrArray *
refract_model_finder_find (const char *home, GCancellable *cancellable)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *models = g_ptr_array_new_with_free_func (g_object_unref);
  Search search = { models, seen, 0, cancellable };
  const char *own = home != NULL ? home : g_get_home_dir ();
  g_autofree char *cache
      = home != NULL ? g_build_filename (home, ".cache", NULL) : g_strdup (g_get_user_cache_dir ());

  visit_place (&search, "LM Studio", visit_file, NULL, NULL, own, ".lmstudio/models");
  visit_place (&search, "LM Studio", visit_file, NULL, NULL, cache, "lm-studio/models");
  if (g_getenv ("HF_HUB_CACHE") != NULL)
    visit_place (&search, "Hugging Face", visit_file, "HF_HUB_CACHE", NULL, cache,
                 "huggingface/hub");
  else
    visit_place (&search, "Hugging Face", visit_file, "HF_HOME", "hub", cache, "huggingface/hub");
  visit_place (&search, "llama.cpp", visit_gguf, "LLAMA_CACHE", NULL, cache, "llama.cpp");
  visit_place (&search, "llama.cpp", visit_gguf, NULL, NULL, own, "Library/Caches/llama.cpp");
  visit_place (&search, "Ollama", visit_manifest, "OLLAMA_MODELS", "manifests", own,
               ".ollama/models/manifests");
  /* where its Linux service keeps them */
  if (home == NULL)
    visit_place (&search, "Ollama", visit_manifest, NULL, NULL, "/usr/share/ollama",
                 ".ollama/models/manifests");

  g_ptr_array_sort (models, compare_models);
  return models;
}

static void
find_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_task_return_pointer (task, refract_model_finder_find (NULL, cancellable),
                         (GDestroyNotify) g_ptr_array_unref);
}

void
refract_model_finder_find_async (GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, refract_model_finder_find_async);
  g_task_run_in_thread (task, find_thread);
}

GPtrArray *
refract_model_finder_find_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
