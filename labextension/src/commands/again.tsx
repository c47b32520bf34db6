/** Fork, Continue and Extend: the dialogue, what is sent, and what the server says to it. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkpoints as listOf, extend, fork, goOn } from '../api/checkpoints';
import type { Settings, Submitted } from '../api/checkpoints';
import { missed, troubleFrom } from '../api/http';
import { show } from '../api/jobs';
import type { Job } from '../api/jobs';
import { AgainForm, keepsSecrets, placed } from '../forms/AgainForm';
import type { Draft, Kind } from '../forms/AgainForm';
import { askForm } from '../forms/FormDialog';
import { wrongName } from '../forms/ScriptForm';
import { given, secretsOf } from '../forms/Secrets';
import { typed } from '../forms/fields';
import { changed } from '../forms/params';
import type { Session } from '../model/session';
import { yaml } from '../panels/detail/yaml';
import { chooseFor } from './choose';

/** What of a job's spec is worth changing; the rest may be written too. */
const SHOWN = ['resources', 'timeout', 'grace', 'retries', 'checkpoints', 'pause_within', 'hang', 'metrics', 'tags'];

/**
 * Ask for what is to be other, and train again. The id of the job that trains; null when it was left.
 *
 * @param checkpoint name of the one to continue from, where it was chosen already
 */
export async function again(
  session: Session,
  trans: TranslationBundle,
  kind: Kind,
  id: string | null,
  checkpoint: string | null
): Promise<string | null> {
  const { settings } = session;
  const words = wordsOf(kind, trans);
  try {
    const chosen = id ?? (await chooseFor(session, trans, kind, words.which, words.ok));
    if (chosen === null) {
      return null;
    }
    const [job, list] = await Promise.all([show(settings, chosen), kind === 'continue' ? listOf(settings, chosen) : null]);
    const good = (list?.checkpoints ?? []).filter(one => one.state === 'kept');
    if (kind === 'continue' && good.length === 0) {
      Notification.warning(trans.__('%1 has no checkpoint that it could continue from. A fork begins without one.', job.name));
      return null;
    }
    const config = configOf(job);
    const answer = await askForm<Draft, Submitted>({
      title: trans.__('%1 %2', words.ok, job.name),
      ok: words.ok,
      draft: {
        name: '',
        params: Object.fromEntries(Object.entries(job.params).map(([name, value]) => [name, typed(value)])),
        config,
        checkpoint: checkpoint ?? good[0]?.name ?? null,
        secrets: {}
      },
      body: view => <AgainForm {...view} kind={kind} job={job} checkpoints={good} trans={trans} />,
      validate: draft =>
        changed(draft.params, job.params) !== null &&
        wrongName(trans, draft.name) === null &&
        // Another config may do without them.
        (draft.config !== config || keepsSecrets(kind, job) || secretsOf(job).every(name => draft.secrets[name])),
      isPlaced: refusal => placed(refusal).length > 0 || missed(refusal).length > 0,
      send: async (draft, key) => {
        const sent = await send(settings, kind, job, draft, key, config);
        session.take([sent.job]);
        return sent;
      },
      trans
    });
    if (answer !== null && answer.notes.length > 0) {
      Notification.info(answer.notes.join(' '), { autoClose: 8000 });
    }
    return answer?.job.id ?? null;
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
    return null;
  }
}

/** @param config the text as it was shown first: sent only where it was changed */
function send(settings: Settings, kind: Kind, job: Job, draft: Draft, key: string, config: string): Promise<Submitted> {
  const params = changed(draft.params, job.params) ?? {};
  const secrets = given(draft.secrets);
  if (kind === 'extend') {
    return extend(settings, job.id, { key, params, secrets });
  }
  const wish = {
    key,
    name: draft.name === '' ? null : draft.name,
    params,
    config: draft.config === config ? null : { text: draft.config, name: 'config' },
    secrets
  };
  return kind === 'fork' ? fork(settings, job.id, wish) : goOn(settings, job.id, wish, draft.checkpoint);
}

/** What is worth changing of a job's config, as YAML; what has no value is left out. */
export function configOf(job: Job): string {
  const given = SHOWN.flatMap(key => {
    const value = shorn(job.spec?.[key]);
    return value === undefined ? [] : [[key, value] as const];
  });
  return `${yaml({ pool: job.pool, priority: job.priority, ...Object.fromEntries(given) }).trim()}\n`;
}

/** A value without its empty parts; undefined where nothing is left. */
function shorn(value: unknown): unknown {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) {
    return undefined;
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    return value;
  }
  const parts = Object.entries(value).flatMap(([key, part]) => {
    const left = shorn(part);
    return left === undefined ? [] : [[key, left] as const];
  });
  return parts.length === 0 ? undefined : Object.fromEntries(parts);
}

function wordsOf(kind: Kind, trans: TranslationBundle): { readonly ok: string; readonly which: string } {
  switch (kind) {
    case 'fork':
      return { ok: trans.__('Fork'), which: trans.__('Fork which training?') };
    case 'continue':
      return { ok: trans.__('Continue'), which: trans.__('Continue from a checkpoint of which training?') };
    case 'extend':
      return { ok: trans.__('Extend'), which: trans.__('Extend which training?') };
  }
}
