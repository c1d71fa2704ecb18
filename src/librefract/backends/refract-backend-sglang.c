/* refract-backend-sglang.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-backend-sglang.h"

struct _RefractBackendSglang
{
  RefractBackendServer parent_instance;
};

G_DEFINE_FINAL_TYPE (RefractBackendSglang, refract_backend_sglang, REFRACT_TYPE_BACKEND_SERVER)

static void
refract_backend_sglang_class_init (RefractBackendSglangClass *klass)
{
  REFRACT_BACKEND_CLASS (klass)->kind = REFRACT_BACKEND_KIND_SGLANG;
  REFRACT_BACKEND_SERVER_CLASS (klass)->server = &refract_sglang_kind;
}

static void
refract_backend_sglang_init (RefractBackendSglang *self)
{
}

RefractBackend *
refract_backend_sglang_new (const RefractBackendOptions *options)
{
  return refract_backend_create (REFRACT_TYPE_BACKEND_SGLANG, options);
}
