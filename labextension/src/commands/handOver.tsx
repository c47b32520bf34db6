/** A verb that needs values which were not kept: they are asked for, and it is wished again with them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Verb } from '../api/jobs';
import { askForm } from '../forms/FormDialog';
import { Secrets } from '../forms/Secrets';
import type { Values } from '../forms/Secrets';
import type { Session } from '../model/session';
import { verbWords } from './verbWords';

/** Whether it was taken; false where it was left. What the server says to it is said in the dialogue. */
export async function handOver(
  session: Session,
  trans: TranslationBundle,
  verb: Verb,
  job: { readonly id: string; readonly name: string },
  names: readonly string[]
): Promise<boolean> {
  const { ok } = verbWords(trans, verb);
  const done = await askForm<{ readonly values: Values }, true>({
    title: trans.__('%1 %2', ok, job.name),
    ok,
    draft: { values: {} },
    body: ({ draft, change, tried }) => <Secrets names={names} values={draft.values} change={values => change({ values })} tried={tried} trans={trans} />,
    validate: ({ values }) => names.every(name => values[name]),
    send: async ({ values }) => {
      await session.act(verb, [job.id], { secrets: values });
      return true;
    },
    trans
  });
  return done ?? false;
}
