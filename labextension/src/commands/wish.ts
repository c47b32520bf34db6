/** Verbs on jobs: the word with the person before, one request for all of them, and what came of each. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { missed, refusalOf, troubleFrom } from '../api/http';
import type { ItemResult, Verb } from '../api/jobs';
import type { Session } from '../model/session';
import { short } from '../model/wording';
import { discards, listed, sure } from './asking';
import { chooseFor } from './choose';
import { verbWords } from './verbWords';

const SHOWN_MS = 8000;

export interface Refusal {
  readonly id: string;
  readonly name: string;
  readonly sentence: string;
}

export interface Outcome {
  readonly verb: Verb;
  /** Those that took it. */
  readonly done: readonly string[];
  readonly refused: readonly Refusal[];
  /** So many of the selection were left: it does not fit them, or the person thought better of it. */
  readonly passed: number;
  /** The variables that one alone would need values of. */
  readonly lacks: readonly string[];
}

/** Wish it of these jobs, or, with null, of the one that the person chooses, and say what came of it. */
export async function wish(session: Session, trans: TranslationBundle, verb: Verb, ids: readonly string[] | null): Promise<void> {
  try {
    const words = verbWords(trans, verb);
    const meant = ids ?? one(await chooseFor(session, trans, verb, words.which, words.ok));
    const outcome = await wished(session, trans, verb, meant);
    if (outcome !== null && outcome.lacks.length > 0) {
      const { handOver } = await import('./handOver');
      const [id] = meant;
      await handOver(session, trans, verb, { id: id ?? '', name: outcome.refused[0]?.name ?? '' }, outcome.lacks);
      return;
    }
    if (outcome !== null && (meant.length > 1 || outcome.refused.length > 0 || (verb === 'archive' && outcome.done.length > 0))) {
      say(session, trans, outcome);
    }
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
  }
}

/**
 * Wish it of jobs, after a word with the person where it takes something away. Null: left.
 *
 * @param certain whether that word was spoken already
 */
export async function wished(
  session: Session,
  trans: TranslationBundle,
  verb: Verb,
  ids: readonly string[],
  certain = verb !== 'delete' && !(verb === 'kill' && ids.length > 1)
): Promise<Outcome | null> {
  // Of a selection those that fit are meant; of one alone the server says why not.
  const chosen = ids.length > 1 ? ids.filter(id => session.allows(id, verb)) : ids;
  if (chosen.length === 0 || (!certain && !(await sure(session, trans, verb, chosen)))) {
    return null;
  }
  let results = await session.ask(verb, chosen);
  const unsaved = results.filter(result => result.problem?.code === 'no_checkpoint' && verb === 'pause').map(result => result.id);
  if (unsaved.length > 0) {
    const again = (await discards(session, trans, unsaved)) ? await session.ask('pause', unsaved, { discard: true }) : [];
    results = [...results.filter(result => !unsaved.includes(result.id)), ...again];
  }
  return {
    verb,
    done: results.flatMap(result => (result.ok ? [result.id] : [])),
    refused: refusals(session, results),
    passed: ids.length - results.length,
    lacks: ids.length === 1 ? results.flatMap(({ problem }) => (problem ? missed(refusalOf(problem)) : [])) : []
  };
}

/** An outcome in one line: a lone refusal by name and with its reason, of several how many. */
export function summary(trans: TranslationBundle, { verb, done, refused, passed }: Outcome): string {
  const [first] = refused;
  return [
    ...(done.length > 0 ? [verbWords(trans, verb).done(done.length)] : []),
    ...(first !== undefined && (refused.length > 1 || done.length > 0) ? [trans._n('%1 was refused.', '%1 were refused.', refused.length)] : []),
    ...(first !== undefined && refused.length === 1 ? [`${first.name} · ${short(first.id)}: ${first.sentence}`] : []),
    ...(passed > 0 ? [trans._n('%1 was left as it is.', '%1 were left as they are.', passed)] : [])
  ].join(' ');
}

/** Whether a summary has the reason of each refusal; else `listed` shows them. */
export function saysAll({ refused }: Outcome): boolean {
  return refused.length < 2;
}

function say(session: Session, trans: TranslationBundle, outcome: Outcome): void {
  const { verb, done, refused } = outcome;
  const bad = refused.length > 0;
  const actions: Notification.IAction[] = [];
  if (!saysAll(outcome)) {
    actions.push({ label: trans.__('Show Refusals'), callback: () => void listed(trans, refused) });
  }
  if (verb === 'archive' && done.length > 0) {
    actions.push({ label: trans.__('Undo'), callback: () => void wish(session, trans, 'unarchive', done) });
  }
  Notification.emit(summary(trans, outcome), bad ? 'warning' : 'success', { autoClose: bad ? false : SHOWN_MS, actions });
}

/** Those of the results that were refused, each with its sentence. */
export function refusals(session: Session, results: readonly ItemResult[]): Refusal[] {
  return results.flatMap(({ id, problem }) =>
    problem ? [{ id, name: session.state.jobs.get(id)?.name ?? '', sentence: [problem.detail, problem.hint].filter(Boolean).join(' ') }] : []
  );
}

function one(id: string | null): readonly string[] {
  return id === null ? [] : [id];
}
