/* refract-backend-vllm.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-backend-vllm.h"

struct _RefractBackendVllm
{
  RefractBackendServer parent_instance;
};

G_DEFINE_FINAL_TYPE (RefractBackendVllm, refract_backend_vllm, REFRACT_TYPE_BACKEND_SERVER)

static void
refract_backend_vllm_class_init (RefractBackendVllmClass *klass)
{
  REFRACT_BACKEND_CLASS (klass)->kind = REFRACT_BACKEND_KIND_VLLM;
  REFRACT_BACKEND_SERVER_CLASS (klass)->server = &refract_vllm_kind;
}

static void
refract_backend_vllm_init (RefractBackendVllm *self)
{
}

RefractBackend *
refract_backend_vllm_new (const RefractBackendOptions *options)
{
  return refract_backend_create (REFRACT_TYPE_BACKEND_VLLM, options);
}
