/* refract-audit-queue.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "run/refract-audit-queue.h"
#include "run/refract-run-item-private.h"

struct _RefractAuditQueue
{
  GObject parent_instance;

  RefractLibrary *library;
  GListStore *items;
  RefractRunItem *running; /* (nullable), also in items */
  gboolean busy;
};

static void list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RefractAuditQueue,
                               refract_audit_queue,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

enum
{
  PROP_0,
  PROP_BUSY,
  N_PROPS
};

enum
{
  SIGNAL_ENDED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static GType
get_item_type (GListModel *model)
{
  return REFRACT_TYPE_RUN_ITEM;
}

static guint
get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (REFRACT_AUDIT_QUEUE (model)->items));
}

static gpointer
get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (REFRACT_AUDIT_QUEUE (model)->items), position);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

static void
refract_audit_queue_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  switch (prop_id)
    {
    case PROP_BUSY:
      g_value_set_boolean (value, refract_audit_queue_get_busy (REFRACT_AUDIT_QUEUE (object)));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_audit_queue_dispose (GObject *object)
{
  RefractAuditQueue *self = REFRACT_AUDIT_QUEUE (object);

  g_clear_object (&self->running);
  g_clear_object (&self->items);
  g_clear_object (&self->library);

  G_OBJECT_CLASS (refract_audit_queue_parent_class)->dispose (object);
}

static void
refract_audit_queue_class_init (RefractAuditQueueClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = refract_audit_queue_get_property;
  object_class->dispose = refract_audit_queue_dispose;

  properties[PROP_BUSY]
      = g_param_spec_boolean ("busy", NULL, NULL, FALSE,
                              G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_ENDED] = g_signal_new ("ended", REFRACT_TYPE_AUDIT_QUEUE, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 1, REFRACT_TYPE_RUN_ITEM);
}

static void
items_changed_cb (RefractAuditQueue *self, guint position, guint removed, guint added)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

static void
refract_audit_queue_init (RefractAuditQueue *self)
{
  self->items = g_list_store_new (REFRACT_TYPE_RUN_ITEM);
  g_signal_connect_object (self->items, "items-changed", G_CALLBACK (items_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

RefractAuditQueue *
refract_audit_queue_new (RefractLibrary *library)
{
  RefractAuditQueue *self = g_object_new (REFRACT_TYPE_AUDIT_QUEUE, NULL);

  self->library = g_object_ref (library);
  return self;
}

static void
remove_item (RefractAuditQueue *self, RefractRunItem *item)
{
  guint position;

  if (g_list_store_find (self->items, item, &position))
    g_list_store_remove (self->items, position);
}

/* A journal belongs to one item: the one that used it last. */
static void
remove_others_of_journal (RefractAuditQueue *self, RefractRunItem *item)
{
  const char *id = refract_run_item_get_journal_id (item);

  for (guint i = get_n_items (G_LIST_MODEL (self)); id != NULL && i > 0; i--)
    {
      g_autoptr (RefractRunItem) other = get_item (G_LIST_MODEL (self), i - 1);

      if (other != item && refract_run_item_get_state (other) == REFRACT_RUN_STOPPED
          && g_strcmp0 (refract_run_item_get_journal_id (other), id) == 0)
        g_list_store_remove (self->items, i - 1);
    }
}

static void
update_busy (RefractAuditQueue *self)
{
  gboolean busy = self->running != NULL || refract_audit_queue_get_n_waiting (self) > 0;

  if (self->busy == busy)
    return;
  self->busy = busy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void advance (RefractAuditQueue *self);

static void
state_changed_cb (RefractAuditQueue *self, GParamSpec *pspec, RefractRunItem *item)
{
  RefractRunState state = refract_run_item_get_state (item);

  if (item != self->running || state == REFRACT_RUN_RUNNING)
    return;

  g_signal_handlers_disconnect_by_func (item, state_changed_cb, self);
  remove_others_of_journal (self, item);
  g_signal_emit (self, signals[SIGNAL_ENDED], 0, item);
  if (state == REFRACT_RUN_FINISHED)
    remove_item (self, item);
  g_clear_object (&self->running);
  advance (self);
}

/* Starts the next one when none runs. */
static void
advance (RefractAuditQueue *self)
{
  guint n = get_n_items (G_LIST_MODEL (self));

  for (guint i = 0; self->running == NULL && i < n; i++)
    {
      g_autoptr (RefractRunItem) item = get_item (G_LIST_MODEL (self), i);

      if (refract_run_item_get_state (item) != REFRACT_RUN_WAITING)
        continue;
      self->running = g_object_ref (item);
      g_signal_connect_object (item, "notify::state", G_CALLBACK (state_changed_cb), self,
                               G_CONNECT_SWAPPED);
      refract_run_item_start (item, self->library);
    }
  update_busy (self);
}

static RefractRunItem *
add (RefractAuditQueue *self, RefractPlan *plan, gboolean fresh, guint n_runs)
{
  g_autoptr (RefractRunItem) item = refract_run_item_new (plan, fresh, n_runs);

  g_list_store_append (self->items, item);
  advance (self);
  return item;
}

RefractRunItem *
refract_audit_queue_add (RefractAuditQueue *self, RefractPlan *plan, gboolean fresh)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT_QUEUE (self), NULL);
  g_return_val_if_fail (REFRACT_IS_PLAN (plan), NULL);

  return add (self, plan, fresh, 1);
}

RefractRunItem *
refract_audit_queue_add_repeated (RefractAuditQueue *self, RefractPlan *plan, guint n_runs)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT_QUEUE (self), NULL);
  g_return_val_if_fail (REFRACT_IS_PLAN (plan), NULL);
  g_return_val_if_fail (n_runs > 1 && n_runs <= REFRACT_REPEATABILITY_MAX_RUNS, NULL);

  return add (self, plan, TRUE, n_runs);
}

static void
list_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *list = refract_unfinished_list (&error);

  if (list != NULL)
    g_task_return_pointer (task, list, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static gboolean
has_journal (RefractAuditQueue *self, const char *id)
{
  for (guint i = 0; i < get_n_items (G_LIST_MODEL (self)); i++)
    {
      g_autoptr (RefractRunItem) item = get_item (G_LIST_MODEL (self), i);

      if (g_strcmp0 (refract_run_item_get_journal_id (item), id) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
listed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractAuditQueue *self = REFRACT_AUDIT_QUEUE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = g_task_propagate_pointer (G_TASK (result), &error);

  if (list == NULL)
    {
      g_message ("%s", error->message);
      return;
    }
  for (guint i = 0; i < list->len; i++)
    {
      const RefractUnfinished *unfinished = g_ptr_array_index (list, i);
      g_autoptr (RefractRunItem) item = NULL;

      if (has_journal (self, unfinished->id))
        continue;
      item = refract_run_item_new_unfinished (unfinished);
      g_list_store_append (self->items, item);
    }
}

void
refract_audit_queue_load_unfinished (RefractAuditQueue *self)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (REFRACT_IS_AUDIT_QUEUE (self));

  task = g_task_new (self, NULL, listed_cb, NULL);
  g_task_set_source_tag (task, refract_audit_queue_load_unfinished);
  g_task_run_in_thread (task, list_thread);
}

void
refract_audit_queue_resume (RefractAuditQueue *self, RefractRunItem *item)
{
  RefractRunState state;

  g_return_if_fail (REFRACT_IS_AUDIT_QUEUE (self));

  state = refract_run_item_get_state (item);
  if (state != REFRACT_RUN_STOPPED && state != REFRACT_RUN_FAILED)
    return;
  if (!g_list_store_find (self->items, item, NULL))
    g_list_store_append (self->items, item);
  refract_run_item_queue (item);
  advance (self);
}

void
refract_audit_queue_stop (RefractAuditQueue *self, RefractRunItem *item)
{
  g_autoptr (RefractRunItem) own = g_object_ref (item);

  g_return_if_fail (REFRACT_IS_AUDIT_QUEUE (self));

  if (refract_run_item_get_state (item) == REFRACT_RUN_WAITING
      && !refract_run_item_has_measured (item))
    remove_item (self, item);
  refract_run_item_stop (item);
  update_busy (self);
}

void
refract_audit_queue_stop_all (RefractAuditQueue *self)
{
  g_return_if_fail (REFRACT_IS_AUDIT_QUEUE (self));

  /* From the end, so that no other one takes the place of the running one. */
  for (guint i = get_n_items (G_LIST_MODEL (self)); i > 0; i--)
    {
      g_autoptr (RefractRunItem) item = get_item (G_LIST_MODEL (self), i - 1);

      if (item != self->running)
        refract_audit_queue_stop (self, item);
    }
  if (self->running != NULL)
    refract_audit_queue_stop (self, self->running);
}

void
refract_audit_queue_move (RefractAuditQueue *self, RefractRunItem *item, guint position)
{
  guint from;

  g_return_if_fail (REFRACT_IS_AUDIT_QUEUE (self));
  g_return_if_fail (position < get_n_items (G_LIST_MODEL (self)));

  if (refract_run_item_get_state (item) != REFRACT_RUN_WAITING
      || !g_list_store_find (self->items, item, &from) || from == position)
    return;

  g_object_ref (item);
  g_list_store_remove (self->items, from);
  g_list_store_insert (self->items, position, item);
  g_object_unref (item);
}

static void
discard_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  const char *id = refract_run_item_get_journal_id (task_data);
  g_autoptr (GError) error = NULL;

  if (id == NULL || refract_unfinished_delete (id, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
refract_audit_queue_discard_async (RefractAuditQueue *self,
                                   RefractRunItem *item,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (REFRACT_IS_AUDIT_QUEUE (self));
  g_return_if_fail (refract_run_item_get_state (item) == REFRACT_RUN_STOPPED
                    || refract_run_item_get_state (item) == REFRACT_RUN_FAILED);

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, refract_audit_queue_discard_async);
  g_task_set_task_data (task, g_object_ref (item), g_object_unref);
  g_task_run_in_thread (task, discard_thread);
}

gboolean
refract_audit_queue_discard_finish (RefractAuditQueue *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  remove_item (self, g_task_get_task_data (G_TASK (result)));
  return TRUE;
}

RefractRunItem *
refract_audit_queue_find (RefractAuditQueue *self, guint id)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT_QUEUE (self), NULL);

  for (guint i = 0; i < get_n_items (G_LIST_MODEL (self)); i++)
    {
      g_autoptr (RefractRunItem) item = get_item (G_LIST_MODEL (self), i);

      if (refract_run_item_get_id (item) == id)
        return item;
    }
  return NULL;
}

RefractRunItem *
refract_audit_queue_get_running (RefractAuditQueue *self)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT_QUEUE (self), NULL);

  return self->running;
}

guint
refract_audit_queue_get_n_waiting (RefractAuditQueue *self)
{
  guint n = 0;

  g_return_val_if_fail (REFRACT_IS_AUDIT_QUEUE (self), 0);

  for (guint i = 0; i < get_n_items (G_LIST_MODEL (self)); i++)
    {
      g_autoptr (RefractRunItem) item = get_item (G_LIST_MODEL (self), i);

      n += refract_run_item_get_state (item) == REFRACT_RUN_WAITING;
    }
  return n;
}

gboolean
refract_audit_queue_get_busy (RefractAuditQueue *self)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT_QUEUE (self), FALSE);

  return self->busy;
}
