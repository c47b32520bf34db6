/** Names that others rely on. Nothing heavier than constants may live here: it loads at start. */

/** The npm name; prefix of plugin ids and of every command. */
export const NAME = 'jupyter-training';

/** The plugin, and the stem of its settings schema. */
export const PLUGIN_ID = `${NAME}:plugin`;

/** Id of the sidebar's widget, under which the layout restorer knows it. */
export const SIDEBAR_ID = `${NAME}-sidebar`;

/** What a job's output carries: `{store, job}`, ids alone, so that a notebook's diff stays still. */
export const JOB_MIME = 'application/vnd.jupyter-training.job+json';

/** Domain of the translated strings. */
export const DOMAIN = 'jupyter_training';

export const CommandIds = {
  open: `${NAME}:open`,
  refresh: `${NAME}:refresh`,
  cancel: `${NAME}:cancel`
} as const;
