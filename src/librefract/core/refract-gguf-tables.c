/* refract-gguf-tables.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-gguf-private.h"

#define FILE_TYPE_GUESSED 1024u

typedef struct
{
  guint16 block;
  guint16 bytes;
} TensorType;

static const TensorType tensor_types[] = {
  [0] = { 1, 4 },      [1] = { 1, 2 },      [2] = { 32, 18 },    [3] = { 32, 20 },
  [6] = { 32, 22 },    [7] = { 32, 24 },    [8] = { 32, 34 },    [9] = { 32, 36 },
  [10] = { 256, 84 },  [11] = { 256, 110 }, [12] = { 256, 144 }, [13] = { 256, 176 },
  [14] = { 256, 210 }, [15] = { 256, 292 }, [16] = { 256, 66 },  [17] = { 256, 74 },
  [18] = { 256, 98 },  [19] = { 256, 50 },  [20] = { 32, 18 },   [21] = { 256, 110 },
  [22] = { 256, 82 },  [23] = { 256, 136 }, [24] = { 1, 1 },     [25] = { 1, 2 },
  [26] = { 1, 4 },     [27] = { 1, 8 },     [28] = { 1, 8 },     [29] = { 256, 56 },
  [30] = { 1, 2 },     [34] = { 256, 54 },  [35] = { 256, 66 },  [39] = { 32, 17 },
};

static const char *const file_types[] = {
  "F32",      "F16",    "Q4_0",    "Q4_1",      "Q4_1_SOME_F16", "Q4_2",     "Q4_3",
  "Q8_0",     "Q5_0",   "Q5_1",    "Q2_K",      "Q3_K_S",        "Q3_K_M",   "Q3_K_L",
  "Q4_K_S",   "Q4_K_M", "Q5_K_S",  "Q5_K_M",    "Q6_K",          "IQ2_XXS",  "IQ2_XS",
  "Q2_K_S",   "IQ3_XS", "IQ3_XXS", "IQ1_S",     "IQ4_NL",        "IQ3_S",    "IQ3_M",
  "IQ2_S",    "IQ2_M",  "IQ4_XS",  "IQ1_M",     "BF16",          "Q4_0_4_4", "Q4_0_4_8",
  "Q4_0_8_8", "TQ1_0",  "TQ2_0",   "MXFP4_MOE", "NVFP4",         "Q1_0",     "Q2_0",
};

typedef struct
{
  const char *magic;
  gsize length;
  const char *meaning;
} Foreign;

#define FOREIGN(magic, meaning) { magic, sizeof (magic) - 1, meaning }

static const char old_ggml[]
    = "it is in a GGML format from before GGUF; convert the original model "
      "with llama.cpp’s convert_hf_to_gguf.py";
static const char web_page[]
    = "it is a web page, probably instead of the download; fetch the model "
      "again, signed in where its licence asks for that";
static const char archive[] = "it is an archive; unpack it first";

static const Foreign foreign_types[] = {
  FOREIGN ("version https://git-lfs",
           "it is a Git LFS pointer; fetch the model itself with "
           "“git lfs pull”"),
  FOREIGN ("PK\x03\x04",
           "it is a ZIP archive or a PyTorch checkpoint; convert the model with "
           "llama.cpp’s convert_hf_to_gguf.py"),
  FOREIGN ("lmgg", old_ggml),
  FOREIGN ("fmgg", old_ggml),
  FOREIGN ("tjgg", old_ggml),
  FOREIGN ("algg", old_ggml),
  FOREIGN ("\x1f\x8b", archive),
  FOREIGN ("\xfd"
           "7zXZ",
           archive),
  FOREIGN ("\x28\xb5\x2f\xfd", archive),
  FOREIGN ("7z\xbc\xaf", archive),
  FOREIGN ("Rar!", archive),
  FOREIGN ("\x7f"
           "ELF",
           "it is a program"),
  FOREIGN ("\x89HDF", "it is an HDF5 file; convert the model to GGUF"),
  FOREIGN ("\x80\x02",
           "it is a PyTorch checkpoint; convert the model with llama.cpp’s "
           "convert_hf_to_gguf.py"),
};

static gboolean
is_blank (const guint8 *head, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (head[i] != 0)
      return FALSE;
  return TRUE;
}

static gboolean
is_safetensors (const guint8 *head, gsize n, guint64 size)
{
  guint64 length;

  if (n < 9 || head[8] != '{')
    return FALSE;
  memcpy (&length, head, sizeof length);
  return GUINT64_FROM_LE (length) <= size - 8;
}

const char *
refract_gguf_describe_foreign (const guint8 *head, gsize n, guint64 size)
{
  const char *text = (const char *) head;
  gsize blanks = 0;

  if (n == 0)
    return "it is empty; the download or copy did not happen";
  for (guint i = 0; i < G_N_ELEMENTS (foreign_types); i++)
    if (n >= foreign_types[i].length
        && memcmp (head, foreign_types[i].magic, foreign_types[i].length) == 0)
      return foreign_types[i].meaning;
  if (is_safetensors (head, n, size))
    return "it is a safetensors file; convert the model with llama.cpp’s convert_hf_to_gguf.py";
  if (is_blank (head, n))
    return "it begins with zeros, as a download does that never finished; fetch the model again";
  while (blanks < n && g_ascii_isspace (head[blanks]))
    blanks++;
  if ((n - blanks >= 9 && g_ascii_strncasecmp (text + blanks, "<!doctype", 9) == 0)
      || (n - blanks >= 5 && g_ascii_strncasecmp (text + blanks, "<html", 5) == 0))
    return web_page;
  if (blanks < n && (text[blanks] == '{' || text[blanks] == '['))
    return "it is a JSON file; name the model’s .gguf file";
  if (g_utf8_validate_len (text, n, NULL))
    return "it is a text file; name the model’s .gguf file";
  return "its first bytes belong to no format that Refract knows; name the model’s .gguf file";
}

gboolean
refract_gguf_tensor_size (guint32 type, guint64 elements, guint64 row, guint64 *size)
{
  const TensorType *known;

  *size = 0;
  if (type >= G_N_ELEMENTS (tensor_types) || tensor_types[type].block == 0)
    return TRUE;
  known = &tensor_types[type];
  if (row % known->block != 0)
    return FALSE;
  return g_uint64_checked_mul (size, elements / known->block, known->bytes);
}

char *
refract_gguf_file_type_name (guint64 file_type)
{
  guint64 known = file_type & ~(guint64) FILE_TYPE_GUESSED;

  if (known >= G_N_ELEMENTS (file_types))
    return g_strdup ("unknown");
  return g_strconcat (file_types[known], known != file_type ? " (guessed)" : NULL, NULL);
}
