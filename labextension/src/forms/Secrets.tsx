/** Fields for values that are handed over by name and kept with no training: nobody else has them, so they are typed again. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useId } from 'react';
import type { Job } from '../api/jobs';
import { Row } from './ScriptForm';

export type Values = Readonly<Record<string, string>>;

interface Props {
  readonly names: readonly string[];
  readonly values: Values;
  readonly change: (values: Values) => void;
  /** Whether the training can do without them: it has them still. */
  readonly optional?: boolean;
  readonly tried: boolean;
  readonly trans: TranslationBundle;
}

export function Secrets({ names, values, change, optional = false, tried, trans }: Props): JSX.Element | null {
  const id = useId();
  if (names.length === 0) {
    return null;
  }
  return (
    <fieldset>
      <legend>{trans.__('Secrets')}</legend>
      <span className="jp-Training-faint">
        {optional
          ? trans.__('It has their values still; what is typed here replaces them.')
          : trans.__('Their values are handed over, and kept until the training has ended.')}
      </span>
      {names.map(name => (
        <Row
          key={name}
          label={name}
          id={`${id}-${name}`}
          required={!optional}
          wrong={tried && !optional && !values[name] ? trans.__('Its value is needed once more: it was not kept.') : null}
        >
          {described => (
            <input
              {...described}
              type="password"
              autoComplete="new-password"
              spellCheck={false}
              value={values[name] ?? ''}
              onChange={event => change({ ...values, [name]: event.target.value })}
            />
          )}
        </Row>
      ))}
    </fieldset>
  );
}

/** Those of a job; empty where it was not loaded whole. */
export function secretsOf(job: Job): readonly string[] {
  const { pass_env: names } = (job.spec?.environment ?? {}) as { readonly pass_env?: readonly string[] };
  return names ?? [];
}

/** Without those that nothing was typed for. */
export function given(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
}
