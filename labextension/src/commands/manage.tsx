/** The dialogue that changes where jobs stand in their queue, and what the server says to it. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { refusalOf, troubleFrom } from '../api/http';
import { pools as askPools, show } from '../api/jobs';
import type { ItemResult, Job, Pool } from '../api/jobs';
import { moveAll, queue } from '../api/queue';
import type { Move } from '../api/queue';
import { askForm } from '../forms/FormDialog';
import { ManageForm, isRight, movesOf } from '../forms/ManageForm';
import type { Draft, Meant } from '../forms/ManageForm';
import { hasOrder } from '../model/queue';
import type { Session } from '../model/session';
import { listed } from './asking';
import { chooseFor } from './choose';
import { refusedOf } from './moving';
import type { Refused } from './moving';

const LOOKED_AT = 500;

/** Ask what is to be other, and change it. What was refused of several; null: nothing, or it was left. */
export async function manage(session: Session, trans: TranslationBundle, ids: readonly string[] | null): Promise<Refused | null> {
  try {
    const chosen = await oneOf(session, trans, ids, trans.__('Manage which training?'), trans.__('Manage'));
    if (chosen.length === 0) {
      return null;
    }
    const [jobs, pools] = await Promise.all([Promise.all(chosen.map(id => known(session, id))), askPools(session.settings)]);
    const [alone] = jobs;
    const meant = await meantBy(session, jobs, pools);
    const results = await askForm<Draft, readonly ItemResult[]>({
      title: jobs.length === 1 && alone !== undefined ? trans.__('Manage %1', alone.name) : trans._n('Manage %1 training', 'Manage %1 trainings', jobs.length),
      ok: trans.__('Change'),
      draft: { priority: meant.priority, weight: meant.weight, pool: meant.pool, position: meant.position },
      body: view => <ManageForm {...view} meant={meant} pools={pools} trans={trans} />,
      validate: draft => isRight(draft, trans),
      isReady: draft => movesOf(draft, meant, pools).length > 0,
      send: draft => send(session, chosen, movesOf(draft, meant, pools)),
      trans
    });
    return results === null ? null : refusedOf(session, trans, results);
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
    return null;
  }
}

/** Those that are meant, or, with null, the one that the person chooses; empty: none. */
export async function oneOf(
  session: Session,
  trans: TranslationBundle,
  ids: readonly string[] | null,
  title: string,
  ok: string
): Promise<readonly string[]> {
  const one = ids === null ? await chooseFor(session, trans, 'cancel', title, ok) : null;
  return ids ?? (one === null ? [] : [one]);
}

/** As a command does it: what was refused of several is said in a notification. */
export async function manageAndSay(session: Session, trans: TranslationBundle, ids: readonly string[] | null): Promise<void> {
  say(trans, await manage(session, trans, ids));
}

/** Say what was refused. */
export function say(trans: TranslationBundle, refused: Refused | null): void {
  if (refused !== null) {
    const { words, more } = refused;
    const actions = more.length > 0 ? [{ label: trans.__('Show Refusals'), callback: () => void listed(trans, more) }] : [];
    Notification.emit(words, 'warning', { autoClose: false, actions });
  }
}

/** All of it for one job, or none; of several each for itself. Where all refuse, the dialogue stays. */
async function send(session: Session, ids: readonly string[], moves: readonly Move[]): Promise<readonly ItemResult[]> {
  const [alone] = ids;
  if (ids.length === 1 && alone !== undefined) {
    const job = await moveAll(session.settings, alone, moves);
    if (job !== null) {
      session.take([job]);
    }
    return [];
  }
  const last = new Map<string, ItemResult>();
  let going = ids;
  for (const move of moves) {
    const results = await session.move(going, move);
    results.forEach((result, place) => last.set(going[place] ?? result.id, result));
    going = going.filter(id => last.get(id)?.ok !== false);
    if (going.length === 0) {
      break;
    }
  }
  const results = [...last.values()];
  const refused = results.find(one => one.problem)?.problem;
  if (refused && results.every(one => !one.ok)) {
    throw refusalOf(refused);
  }
  return results;
}

function known(session: Session, id: string): Promise<Job> {
  const held = session.state.jobs.get(id);
  return held === undefined ? show(session.settings, id) : Promise.resolve(held);
}

async function meantBy(session: Session, jobs: readonly Job[], pools: readonly Pool[]): Promise<Meant> {
  const same = (of: (job: Job) => string): string => {
    const values = new Set(jobs.map(of));
    return values.size === 1 ? ([...values][0] ?? '') : '';
  };
  const [alone] = jobs;
  const pool = pools.find(one => one.name === alone?.pool);
  // Where it stands now; further from the front than one page nobody counts.
  const page = jobs.length === 1 && pool !== undefined && hasOrder(pool) ? await queue(session.settings, pool.name, null, LOOKED_AT) : null;
  const ahead = page?.rows.find(row => row.job === alone?.id)?.ahead ?? null;
  return {
    priority: same(job => String(job.priority)),
    weight: same(job => String(job.weight)),
    pool: same(job => job.pool),
    position: ahead === null ? '' : String(ahead + 1),
    count: jobs.length,
    isRunning: jobs.some(job => job.state === 'running'),
    total: page?.total ?? null
  };
}
