/* test-model.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/refract-gguf-private.h"
#include "model-fixture.h"

static void
test_demo (void)
{
  g_autofree char *path
      = g_build_filename (g_getenv ("REFRACT_DATA_DIR"), "data", "demo", "model.gguf", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = refract_model_new_from_file (path, NULL, &error);
  const RefractModelInfo *info;
  GStatBuf status;

  g_assert_no_error (error);
  info = refract_model_get_info (model);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpstr (info->path, ==, path);
  g_assert_cmpstr (info->name, ==, "Refract demo");
  g_assert_cmpstr (info->architecture, ==, "llama");
  g_assert_cmpstr (info->quantization, ==, "F16");
  g_assert_cmpuint (info->n_layers, >, 0);
  g_assert_cmpuint (info->n_kv_layers, ==, info->n_layers);
  g_assert_cmpuint (info->n_window_layers, ==, 0);
  g_assert_cmpuint (info->head_dim_k, ==, 64);
  g_assert_cmpuint (info->head_dim_v, ==, 64);
  g_assert_cmpuint (info->k_elements_per_token, ==, info->n_layers * info->n_kv_heads * 64);
  g_assert_cmpuint (info->v_elements_per_token, ==, info->k_elements_per_token);
  g_assert_cmpuint (info->context_length, >=, 4096);
  g_assert_cmpuint (info->n_vocab, >=, 256);
  g_assert_nonnull (strstr (info->chat_template, "messages"));
  g_assert_cmpuint (info->size_bytes, ==, status.st_size);
  g_assert_cmpuint (info->n_parts, ==, 1);
  g_assert_cmpuint (info->n_tensors, >, info->n_layers);
  g_assert_false (info->latent_attention);
}

static void
test_not_a_file (void)
{
  g_autofree char *fifo = in_folder ("fifo.gguf");
  g_autofree char *locked = in_folder ("locked.gguf");
  g_autofree char *missing = in_folder ("missing.gguf");
  const struct
  {
    const char *path;
    const char *says;
  } cases[] = {
    { missing, missing },
    { folder, "is a folder" },
    { fifo, "is a pipe, socket or device" },
    { "/dev/null", "is a pipe, socket or device" },
    { locked, "may not be read" },
  };

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_true (g_file_set_contents (locked, "GGUF", 4, NULL));
  g_assert_cmpint (g_chmod (locked, 0), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_model_new_from_file (cases[i].path, NULL, &error));
      /* the superuser may read everything */
      assert_refused (error, cases[i].path == locked && geteuid () == 0 ? "truncated at byte 4"
                                                                        : cases[i].says);
    }
}

typedef struct
{
  const char *keys;
  guint n_layers;
  guint n_kv_layers;
  guint n_window_layers;
  guint n_kv_heads;
  guint head_dim_k;
  guint head_dim_v;
  guint64 k_elements;
  guint64 v_elements;
  gboolean latent;
} Geometry;

static const Geometry geometries[] = {
  /* head size from the width; as many KV heads as heads */
  { LLAMA, 3, 3, 0, 4, 64, 64, 768, 768, FALSE },
  { LLAMA " llama.attention.head_count_kv=2 llama.attention.key_length=128", 3, 3, 0, 2, 128, 64,
    768, 384, FALSE },
  /* hybrids: blocks without a cache */
  { LLAMA " llama.attention.head_count_kv=[0,2,4]", 3, 2, 0, 2, 64, 64, 384, 384, FALSE },
  /* what llama.cpp ignores for this architecture */
  { LLAMA " llama.attention.sliding_window=4096", 3, 3, 0, 4, 64, 64, 768, 768, FALSE },
  { LLAMA " llama.nextn_predict_layers=1", 3, 2, 0, 4, 64, 64, 512, 512, FALSE },
  { LLAMA " llama.nextn_predict_layers=9", 3, 0, 0, 0, 64, 64, 0, 0, FALSE },
  { LLAMA " llama.attention.causal=0", 3, 0, 0, 0, 64, 64, 0, 0, FALSE },
  { "general.architecture=\"gemma3\" gemma3.block_count=13 gemma3.embedding_length=256 "
    "gemma3.attention.head_count=4 gemma3.attention.head_count_kv=1 "
    "gemma3.attention.sliding_window=512",
    13, 13, 11, 1, 64, 64, 832, 832, FALSE },
  { "general.architecture=\"gemma4\" gemma4.block_count=4 gemma4.embedding_length=256 "
    "gemma4.attention.head_count=4 gemma4.attention.head_count_kv=[2,1,2,1] "
    "gemma4.attention.key_length=512 gemma4.attention.value_length=512 "
    "gemma4.attention.key_length_swa=256 gemma4.attention.value_length_swa=128 "
    "gemma4.attention.sliding_window=512 gemma4.attention.shared_kv_layers=1 "
    "gemma4.attention.sliding_window_pattern=b[1,0,1,0]",
    4, 3, 2, 2, 512, 512, 2 * 2 * 256 + 512, 2 * 2 * 128 + 512, FALSE },
  { "general.architecture=\"smallthinker\" smallthinker.block_count=9 "
    "smallthinker.embedding_length=256 smallthinker.attention.head_count=4 "
    "smallthinker.attention.sliding_window=4096 smallthinker.attention.sliding_window_pattern=4",
    9, 9, 6, 4, 64, 64, 2304, 2304, FALSE },
  { "general.architecture=\"llama4\" llama4.block_count=8 llama4.embedding_length=256 "
    "llama4.attention.head_count=4",
    8, 8, 6, 4, 64, 64, 2048, 2048, FALSE },
  /* a window that we have no pattern for: nothing is taken for full */
  { "general.architecture=\"novel\" novel.block_count=2 novel.embedding_length=256 "
    "novel.attention.head_count=4 novel.attention.sliding_window=128",
    2, 2, 2, 4, 64, 64, 512, 512, FALSE },
  { "general.architecture=\"deepseek2\" deepseek2.block_count=2 deepseek2.embedding_length=256 "
    "deepseek2.attention.head_count=4 deepseek2.attention.head_count_kv=1 "
    "deepseek2.attention.key_length=576 deepseek2.attention.value_length=512 "
    "deepseek2.attention.kv_lora_rank=512",
    2, 2, 0, 1, 576, 512, 1152, 1024, TRUE },
  { "general.architecture=\"qwen35\" qwen35.block_count=7 qwen35.embedding_length=256 "
    "qwen35.attention.head_count=4 qwen35.attention.head_count_kv=2 "
    "qwen35.full_attention_interval=4",
    7, 1, 0, 2, 64, 64, 128, 128, FALSE },
  { "general.architecture=\"qwen3next\" qwen3next.block_count=8 qwen3next.embedding_length=256 "
    "qwen3next.attention.head_count=4",
    8, 2, 0, 4, 64, 64, 512, 512, FALSE },
  /* recurrent: no cache at all */
  { "general.architecture=\"mamba\" mamba.block_count=4 mamba.embedding_length=256 "
    "mamba.attention.head_count=0",
    4, 0, 0, 0, 0, 0, 0, 0, FALSE },
};

static void
test_geometry (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (geometries); i++)
    {
      const Geometry *wanted = &geometries[i];
      g_autoptr (RefractModel) model = load_keys (wanted->keys);
      const RefractModelInfo *info = refract_model_get_info (model);

      g_test_message ("%s", wanted->keys);
      g_assert_cmpuint (info->n_layers, ==, wanted->n_layers);
      g_assert_cmpuint (info->n_kv_layers, ==, wanted->n_kv_layers);
      g_assert_cmpuint (info->n_window_layers, ==, wanted->n_window_layers);
      g_assert_cmpuint (info->n_kv_heads, ==, wanted->n_kv_heads);
      g_assert_cmpuint (info->head_dim_k, ==, wanted->head_dim_k);
      g_assert_cmpuint (info->head_dim_v, ==, wanted->head_dim_v);
      g_assert_cmpuint (info->k_elements_per_token, ==, wanted->k_elements);
      g_assert_cmpuint (info->v_elements_per_token, ==, wanted->v_elements);
      g_assert_cmpint (info->latent_attention, ==, wanted->latent);
    }
}

static void
test_impossible_geometry (void)
{
  static const struct
  {
    const char *keys;
    const char *says;
  } cases[] = {
    { "llama.block_count=3", "names no architecture" },
    { "general.architecture=\"\x1b[0m\"", "impossible architecture" },
    { "general.architecture=\"llama\"", "lacks “llama.block_count”" },
    { "general.architecture=\"llama\" llama.block_count=4000000000",
      "impossible value for “llama.block_count”" },
    { "general.architecture=\"llama\" llama.block_count=2 llama.attention.head_count=4",
      "lacks “llama.embedding_length”" },
    { LLAMA " llama.attention.head_count_kv=[1,2]",
      "too few entries in “llama.attention.head_count_kv”" },
    { LLAMA " llama.attention.head_count_kv=[1,-2,1]",
      "impossible value for “llama.attention.head_count_kv”" },
    { LLAMA " llama.attention.key_length=4000000000",
      "impossible value for “llama.attention.key_length”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GgufBuilder) builder = new_model (cases[i].keys);
      g_autoptr (GError) error = NULL;

      g_assert_null (load (builder, &error));
      assert_refused (error, cases[i].says);
    }
}

static void
test_not_a_model (void)
{
  static const struct
  {
    const char *keys;
    const char *says;
  } cases[] = {
    { LLAMA " general.type=\"adapter\"", "is a LoRA adapter, not a model" },
    { LLAMA " general.type=\"mmproj\"", "is a projector for images or sound, not a model" },
    { "general.architecture=\"clip\"", "is a projector for images or sound, not a model" },
    { "general.type=\"imatrix\"", "is an importance matrix, not a model" },
  };
  g_autoptr (GgufBuilder) vocabulary = gguf_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GgufBuilder) builder = new_model (cases[i].keys);
      g_autoptr (GError) refusal = NULL;

      g_assert_null (load (builder, &refusal));
      assert_refused (refusal, cases[i].says);
    }
  gguf_keys (vocabulary, LLAMA);
  g_assert_null (load (vocabulary, &error));
  assert_refused (error, "only a vocabulary");
}

static void
test_vocabulary (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) counted = NULL;
  g_autoptr (RefractModel) stated = NULL;

  gguf_strings (builder, "tokenizer.ggml.tokens", 300, "token");
  counted = load (builder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_model_get_info (counted)->n_vocab, ==, 300);
  gguf_u32 (builder, "llama.vocab_size", 320);
  stated = load (builder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_model_get_info (stated)->n_vocab, ==, 320);
}

static void
test_file_types (void)
{
  static const struct
  {
    guint64 file_type;
    const char *name;
  } cases[] = {
    { 0, "F32" },
    { 1, "F16" },
    { 2, "Q4_0" },
    { 7, "Q8_0" },
    { 10, "Q2_K" },
    { 15, "Q4_K_M" },
    { 18, "Q6_K" },
    { 19, "IQ2_XXS" },
    { 23, "IQ3_XXS" },
    { 25, "IQ4_NL" },
    { 30, "IQ4_XS" },
    { 31, "IQ1_M" },
    { 32, "BF16" },
    { 36, "TQ1_0" },
    { 38, "MXFP4_MOE" },
    { 39, "NVFP4" },
    { 1024 + 15, "Q4_K_M (guessed)" },
    { 99, "unknown" },
    { 1024 + 99, "unknown" },
    { G_MAXUINT64, "unknown" },
  };
  g_autoptr (RefractModel) silent = load_keys (LLAMA);
  g_autoptr (RefractModel) model = load_keys (LLAMA " general.file_type=17");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = refract_gguf_file_type_name (cases[i].file_type);

      g_assert_cmpstr (name, ==, cases[i].name);
    }
  g_assert_cmpstr (refract_model_get_info (silent)->quantization, ==, "unknown");
  g_assert_cmpstr (refract_model_get_info (model)->quantization, ==, "Q5_K_M");
}

static void
test_texts (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autoptr (GgufBuilder) bloated = new_model (LLAMA);
  g_autofree char *filler = g_strnfill ((1 << 20) + 1, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = NULL;
  g_autoptr (RefractModel) nameless = load_keys (LLAMA " general.name=\"\"");

  gguf_string (builder, "general.name", " A\x1b[31m\nname ");
  gguf_string (builder, "tokenizer.chat_template", "{{ messages }}\n");
  gguf_string (builder, "tokenizer.huggingface.json", filler);
  model = load (builder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (refract_model_get_info (model)->name, ==, "A [31m name");
  g_assert_cmpstr (refract_model_get_info (model)->chat_template, ==, "{{ messages }}\n");
  g_assert_cmpstr (refract_model_get_info (nameless)->name, ==, "model");
  g_assert_null (refract_model_get_info (nameless)->chat_template);
  gguf_string (bloated, "tokenizer.chat_template", filler);
  g_assert_null (load (bloated, &error));
  assert_refused (error, "chat template of 1 MiB");
}

static void
test_fingerprint (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autofree char *path = NULL;
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = NULL;
  g_autoptr (RefractModel) changed = NULL;
  g_autoptr (RefractModel) middle = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  const gsize mib = 1 << 20;
  guint64 size_le;
  gsize size;

  gguf_tensor (builder, "blob", 3 * mib / 4);
  path = gguf_write (builder, folder, "print.gguf");
  model = refract_model_new_from_file (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpuint (size, >, 3 * mib);
  size_le = GUINT64_TO_LE (size);
  g_checksum_update (checksum, (const guchar *) &size_le, 8);
  g_checksum_update (checksum, (const guchar *) contents, (gssize) mib);
  g_checksum_update (checksum, (const guchar *) contents + size - mib, (gssize) mib);
  g_assert_cmpstr (refract_model_get_info (model)->fingerprint, ==,
                   g_checksum_get_string (checksum));

  contents[size / 2] ^= 1;
  g_assert_true (g_file_set_contents (path, contents, (gssize) size, NULL));
  middle = refract_model_new_from_file (path, NULL, &error);
  g_assert_cmpstr (refract_model_get_info (model)->fingerprint, ==,
                   refract_model_get_info (middle)->fingerprint);
  contents[size - 1] ^= 1;
  g_assert_true (g_file_set_contents (path, contents, (gssize) size, NULL));
  changed = refract_model_new_from_file (path, NULL, &error);
  g_assert_cmpstr (refract_model_get_info (model)->fingerprint, !=,
                   refract_model_get_info (changed)->fingerprint);
}

static char *
write_part (guint number, guint count, guint64 claimed_tensors)
{
  g_autofree char *name = g_strdup_printf ("big-%05u-of-%05u.gguf", number, count);
  g_autoptr (GgufBuilder) builder = gguf_new ();

  if (number == 1)
    gguf_keys (builder, LLAMA);
  gguf_key (builder, "split.no", GGUF_U16);
  gguf_raw (builder->keys, number - 1, 2);
  gguf_key (builder, "split.count", GGUF_U16);
  gguf_raw (builder->keys, count, 2);
  gguf_u32 (builder, "split.tensors.count", (guint32) claimed_tensors);
  for (guint i = 0; i < number; i++)
    {
      g_autofree char *tensor = g_strdup_printf ("blk.%u.%u", number, i);

      gguf_tensor (builder, tensor, 32);
    }
  return gguf_write (builder, folder, name);
}

static void
test_split (void)
{
  g_autofree char *first = write_part (1, 3, 6);
  g_autofree char *second = write_part (2, 3, 6);
  g_autofree char *third = write_part (3, 3, 6);
  const char *const paths[] = { first, second, third };
  guint64 size = 0;

  for (guint i = 0; i < 3; i++)
    {
      GStatBuf status;

      g_assert_cmpint (g_stat (paths[i], &status), ==, 0);
      size += (guint64) status.st_size;
    }
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractModel) model = refract_model_new_from_file (paths[i], NULL, &error);
      const RefractModelInfo *info;

      g_assert_no_error (error);
      info = refract_model_get_info (model);
      g_assert_cmpstr (info->path, ==, first);
      g_assert_cmpstr (info->name, ==, "big");
      g_assert_cmpuint (info->n_parts, ==, 3);
      g_assert_cmpuint (info->n_tensors, ==, 6);
      g_assert_cmpuint (info->size_bytes, ==, size);
      g_assert_cmpuint (info->n_layers, ==, 3);
    }
}

static void
assert_split_refused (const char *path, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_model_new_from_file (path, NULL, &error));
  assert_refused (error, says);
}

static void
test_split_broken (void)
{
  g_autofree char *first = write_part (1, 3, 6);
  g_autofree char *second = write_part (2, 3, 6);
  g_autofree char *third = write_part (3, 3, 6);
  g_autofree char *renamed = in_folder ("renamed.gguf");
  g_autofree char *again = NULL;
  g_autofree char *miscounted = NULL;

  g_remove (third);
  assert_split_refused (first, "Part 3 of 3 of the model is missing: “big-00003-of-00003.gguf”");
  assert_split_refused (second, "Part 3 of 3 of the model is missing");
  again = write_part (3, 3, 6);

  g_assert_cmpint (truncate (second, 100), ==, 0);
  assert_split_refused (first, "“big-00002-of-00003.gguf” is truncated");
  g_assert_cmpint (g_rename (third, second), ==, 0);
  assert_split_refused (first, "“big-00002-of-00003.gguf” is not part 2 of 3");
  g_remove (second);
  g_remove (first);
  g_free (g_steal_pointer (&again));

  again = write_part (2, 3, 6);
  assert_split_refused (again, "Part 1 of 3 of the model is missing");
  g_assert_cmpint (g_rename (again, renamed), ==, 0);
  assert_split_refused (renamed, "Give the parts their names back");

  g_free (write_part (1, 2, 9));
  miscounted = write_part (2, 2, 9);
  assert_split_refused (miscounted, "hold 3 tensors, not the 9");
}

static void
test_cancelled (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autofree char *path = gguf_write (builder, folder, "model.gguf");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (refract_model_new_from_file (path, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_folder ();
  g_test_add_func ("/model/demo", test_demo);
  g_test_add_func ("/model/not-a-file", test_not_a_file);
  g_test_add_func ("/model/geometry", test_geometry);
  g_test_add_func ("/model/impossible-geometry", test_impossible_geometry);
  g_test_add_func ("/model/not-a-model", test_not_a_model);
  g_test_add_func ("/model/vocabulary", test_vocabulary);
  g_test_add_func ("/model/file-types", test_file_types);
  g_test_add_func ("/model/texts", test_texts);
  g_test_add_func ("/model/fingerprint", test_fingerprint);
  g_test_add_func ("/model/split", test_split);
  g_test_add_func ("/model/split-broken", test_split_broken);
  g_test_add_func ("/model/cancelled", test_cancelled);
  status = g_test_run ();
  remove_folder ();
  return status;
}
