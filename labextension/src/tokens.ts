/** Names that others rely on. Nothing heavier than constants may live here: it loads at start. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import type { Session } from './model/session';

/** The npm name; prefix of plugin ids and of every command. */
export const NAME = 'jupyter-training';

/** The plugin, and the stem of its settings schema. */
export const PLUGIN_ID = `${NAME}:plugin`;

/** The plugin for the status bar, notifications, the running panel and the launcher. */
export const PRESENCE_ID = `${NAME}:presence`;

/** The plugin for trainings in the main area. */
export const DETAIL_ID = `${NAME}:detail`;

/** Id of the sidebar's widget, under which the layout restorer knows it. */
export const SIDEBAR_ID = `${NAME}-sidebar`;

/** What a job's output carries: `{store, job}`, ids alone, so that a notebook's diff stays still. */
export const JOB_MIME = 'application/vnd.jupyter-training.job+json';

/** What a search's output carries: `{store, experiment}`. */
export const SEARCH_MIME = 'application/vnd.jupyter-training.experiment+json';

/** Domain of the translated strings. */
export const DOMAIN = 'jupyter_training';

/**
 * Commands by what they do. Those on jobs take `{job: id}` or `{jobs: [id, ...]}`; without either, they
 * mean the row under an open context menu, or ask.
 */
export const CommandIds = {
  open: `${NAME}:open`,
  refresh: `${NAME}:refresh`,
  filter: `${NAME}:filter`,
  stop: `${NAME}:stop`,
  kill: `${NAME}:kill`,
  pause: `${NAME}:pause`,
  activate: `${NAME}:activate`,
  retry: `${NAME}:retry`,
  fork: `${NAME}:fork`,
  continue: `${NAME}:continue`,
  extend: `${NAME}:extend`,
  archive: `${NAME}:archive`,
  unarchive: `${NAME}:unarchive`,
  delete: `${NAME}:delete`,
  clone: `${NAME}:clone`,
  insert: `${NAME}:insert-cell`,
  copyId: `${NAME}:copy-id`,
  detail: `${NAME}:detail`,
  log: `${NAME}:log`,
  queue: `${NAME}:queue`,
  manage: `${NAME}:manage`,
  toTop: `${NAME}:to-top`,
  toBottom: `${NAME}:to-bottom`,
  openRow: `${NAME}:open-row`,
  logRow: `${NAME}:log-row`,
  search: `${NAME}:search`,
  searchVerb: `${NAME}:search-verb`
} as const;

/** The trainings of this page, for other extensions. */
export interface ITrainings {
  /** The page's one session, loaded when somebody first asks; the same for every caller. */
  readonly session: () => Promise<Session>;
  /** The session where it has been loaded. */
  readonly known: () => Session | null;
  /** Called with the session once it has been loaded, at once where it has. */
  readonly whenLoaded: (then: (session: Session) => void) => void;
  readonly trans: TranslationBundle;
}

export const ITrainings = new Token<ITrainings>(`${NAME}:ITrainings`, 'The trainings of this page.');
