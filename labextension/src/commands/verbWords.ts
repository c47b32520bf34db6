/** What is asked before a verb, and what is said after it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Verb } from '../api/jobs';

export interface VerbWords {
  /** On its button. */
  readonly ok: string;
  /** Asked by a command that was given no job. */
  readonly which: string;
  /** Said of so many that took it. */
  readonly done: (count: number) => string;
}

export function verbWords(trans: TranslationBundle, verb: Verb): VerbWords {
  switch (verb) {
    case 'cancel':
      return {
        ok: trans.__('Stop'),
        which: trans.__('Stop which training?'),
        done: count => trans._n('%1 is asked to stop.', '%1 are asked to stop.', count)
      };
    case 'kill':
      return {
        ok: trans.__('Kill'),
        which: trans.__('Kill which training?'),
        done: count => trans._n('%1 is being killed.', '%1 are being killed.', count)
      };
    case 'pause':
      return {
        ok: trans.__('Pause'),
        which: trans.__('Pause which training?'),
        done: count => trans._n('%1 is asked to pause.', '%1 are asked to pause.', count)
      };
    case 'activate':
      return {
        ok: trans.__('Activate'),
        which: trans.__('Activate which training?'),
        done: count => trans._n('%1 is active again.', '%1 are active again.', count)
      };
    case 'retry':
      return {
        ok: trans.__('Retry'),
        which: trans.__('Retry which training?'),
        done: count => trans._n('%1 is tried again.', '%1 are tried again.', count)
      };
    case 'archive':
      return {
        ok: trans.__('Archive'),
        which: trans.__('Archive which training?'),
        done: count => trans._n('%1 is archived; the filter is:archived finds it.', '%1 are archived; the filter is:archived finds them.', count)
      };
    case 'unarchive':
      return {
        ok: trans.__('Unarchive'),
        which: trans.__('Unarchive which training?'),
        done: count => trans._n('%1 is in the lists again.', '%1 are in the lists again.', count)
      };
    case 'delete':
      return {
        ok: trans.__('Delete'),
        which: trans.__('Delete which training?'),
        done: count => trans._n('%1 is deleted.', '%1 are deleted.', count)
      };
  }
}
