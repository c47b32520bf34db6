/** The dialogue behind "Train…" on a Python file: its parameters, and what the server says to them. */
import { Notification } from '@jupyterlab/apputils';
import type { KernelSpec } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { troubleFrom } from '../api/http';
import { pools as allPools } from '../api/jobs';
import { script as scriptOf, submitScript } from '../api/scripts';
import type { Script, ScriptSubmit, Submitted } from '../api/scripts';
import { askForm } from '../forms/FormDialog';
import { ScriptForm, isRight } from '../forms/ScriptForm';
import type { Draft, FormProps } from '../forms/ScriptForm';
import { atFirst, checked, words } from '../forms/fields';
import type { Session } from '../model/session';

/** Ask for the parameters of the script at that path and train with it. What came of it, or null when it was left. */
export async function trainFile(
  session: Session,
  kernelspecs: KernelSpec.IManager,
  trans: TranslationBundle,
  path: string | null
): Promise<Submitted | null> {
  if (path === null) {
    Notification.info(trans.__('Select one Python file in the file browser first.'), { autoClose: 4000 });
    return null;
  }
  try {
    const [script, pools] = await Promise.all([scriptOf(session.settings, path), allPools(session.settings), kernelspecs.ready]);
    const names = pools.map(pool => pool.name);
    const kernels = kernelsOf(kernelspecs.specs);
    return await askForm<Draft, Submitted>({
      title: trans.__('Train %1', path.replace(/.*\//, '')),
      ok: trans.__('Train'),
      draft: {
        given: Object.fromEntries(script.parameters.map(one => [one.name, atFirst(one)])),
        name: '',
        pool: names[0] ?? 'local',
        priority: '',
        kernel: kernels[0]?.name ?? ''
      },
      body: view => <ScriptForm {...view} script={script} pools={names} kernels={kernels} trans={trans} />,
      validate: draft => isRight(script, draft, trans),
      send: (draft, key) => submitScript(session.settings, wish(script, draft, key, names)),
      trans
    });
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
    return null;
  }
}

function wish(script: Script, draft: Draft, key: string, pools: readonly string[]): ScriptSubmit {
  const given = script.parameters.map(parameter => {
    const result = checked(parameter, draft.given[parameter.name] ?? null);
    return [parameter, result.ok ? result.value : undefined] as const;
  });
  const { params, args } = words(given, script.notes);
  return {
    path: script.path,
    params,
    args,
    name: draft.name === '' ? null : draft.name,
    pool: pools.length > 1 ? draft.pool : null,
    priority: draft.priority.trim() === '' ? null : Number(draft.priority),
    kernel: draft.kernel === '' ? null : draft.kernel,
    key
  };
}

/** Kernels of Python, the usual one first. */
function kernelsOf(specs: KernelSpec.ISpecModels | null): FormProps['kernels'] {
  const found = Object.values(specs?.kernelspecs ?? {}).flatMap(spec =>
    spec?.language.toLowerCase() === 'python' ? [{ name: spec.name, title: spec.display_name }] : []
  );
  return found.sort((a, b) => Number(b.name === specs?.default) - Number(a.name === specs?.default));
}
