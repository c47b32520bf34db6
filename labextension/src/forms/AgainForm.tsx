/** A form for what comes of a training: its fork, what continues from a checkpoint of it, or itself extended. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useRef } from 'react';
import type { Checkpoint } from '../api/checkpoints';
import { missed } from '../api/http';
import type { Trouble } from '../api/http';
import type { Job } from '../api/jobs';
import { isEnded } from '../model/select';
import { ago, between, exact, figure } from '../model/wording';
import { Row, wrongName } from './ScriptForm';
import { Secrets, secretsOf } from './Secrets';
import { read } from './params';
import { typed } from './fields';

export type Kind = 'fork' | 'continue' | 'extend';

/** What the form holds. */
export interface Draft {
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
  readonly config: string;
  /** Name of the one to begin with. */
  readonly checkpoint: string | null;
  /** Values of its `pass_env` by name. */
  readonly secrets: Readonly<Record<string, string>>;
}

interface Props {
  readonly kind: Kind;
  readonly job: Job;
  readonly checkpoints: readonly Checkpoint[];
  readonly draft: Draft;
  readonly change: (news: Partial<Draft>) => void;
  readonly tried: boolean;
  readonly refusal: Trouble | null;
  readonly trans: TranslationBundle;
}

export function AgainForm({ kind, job, checkpoints, draft, change: set, tried, refusal, trans }: Props): JSX.Element {
  const id = useId();
  const names = Object.keys(job.params);
  // The config may name others; which of them lack a value the server says.
  const secrets = [...new Set([...secretsOf(job), ...Object.keys(draft.secrets), ...missed(refusal)])];
  return (
    <>
      <p className="jp-Training-faint">{introduction(kind, job, trans)}</p>
      {kind === 'continue' && (
        <Row label={trans.__('checkpoint')} id={`${id}-checkpoint`} wrong={null}>
          {described => (
            <select {...described} value={draft.checkpoint ?? ''} onChange={event => set({ checkpoint: event.target.value })}>
              {checkpoints.map(one => (
                <option key={one.name} value={one.name} title={exact(one.created)}>
                  {words(one, trans)}
                </option>
              ))}
            </select>
          )}
        </Row>
      )}
      {kind !== 'extend' && (
        <Row label={trans.__('name')} id={`${id}-name`} wrong={wrongName(trans, draft.name)}>
          {described => (
            <input {...described} value={draft.name} placeholder={job.name} spellCheck={false} onChange={event => set({ name: event.target.value })} />
          )}
        </Row>
      )}
      {names.length > 0 && (
        <fieldset>
          <legend>{trans.__('Parameters')}</legend>
          {names.map(name => (
            <Row key={name} label={name} id={`${id}-param-${name}`} wrong={wrongValue(draft.params[name] ?? '', job.params[name], trans)}>
              {described => (
                <input
                  {...described}
                  value={draft.params[name] ?? ''}
                  inputMode={typeof job.params[name] === 'number' ? 'decimal' : 'text'}
                  spellCheck={false}
                  onChange={event => set({ params: { ...draft.params, [name]: event.target.value } })}
                />
              )}
            </Row>
          ))}
        </fieldset>
      )}
      {kind !== 'extend' && <Config text={draft.config} refusal={refusal} change={config => set({ config })} trans={trans} />}
      <Secrets
        names={secrets}
        values={draft.secrets}
        change={values => set({ secrets: values })}
        optional={keepsSecrets(kind, job)}
        tried={tried}
        trans={trans}
      />
    </>
  );
}

interface ConfigProps {
  readonly text: string;
  readonly refusal: Trouble | null;
  readonly change: (text: string) => void;
  readonly trans: TranslationBundle;
}

/** The rest of the config as YAML. What the server finds wrong is said below, and its place is selected. */
function Config({ text, refusal, change, trans }: ConfigProps): JSX.Element {
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const wrong = refusal === null ? [] : placed(refusal);
  const [first] = wrong;
  useEffect(() => {
    const area = box.current;
    if (area !== null && first?.line) {
      const begin = offset(area.value, first.line, first.column ?? 1);
      const rest = area.value.slice(begin).search(/[\s:,\]}]|$/);
      area.focus();
      area.setSelectionRange(begin, begin + Math.max(1, rest));
    }
  }, [refusal]);
  return (
    <fieldset>
      <legend>
        <label htmlFor={id}>{trans.__('Config')}</label>
      </legend>
      <textarea
        ref={box}
        id={id}
        rows={Math.min(14, Math.max(5, text.split('\n').length + 1))}
        value={text}
        spellCheck={false}
        wrap="off"
        aria-describedby={`${id}-words`}
        aria-invalid={wrong.length > 0}
        onChange={event => change(event.target.value)}
      />
      <div id={`${id}-words`} aria-live="assertive">
        {wrong.length === 0 ? (
          <span className="jp-Training-faint">{trans.__('YAML, with any key of a training. What is left out stays as it was.')}</span>
        ) : (
          <ul className="jp-Training-refusal">
            {wrong.map((entry, place) => (
              <li key={place}>
                {trans.__('Line %1, column %2: %3', entry.line ?? 1, entry.column ?? 1, [entry.detail.replace(/[.]?$/, '.'), entry.hint].filter(Boolean).join(' '))}
              </li>
            ))}
          </ul>
        )}
      </div>
    </fieldset>
  );
}

/** A training that has not ended has the values of its secrets still. */
export function keepsSecrets(kind: Kind, job: Job): boolean {
  return kind === 'extend' && !isEnded(job);
}

/** What is wrong at a place of the config. */
export function placed({ entries }: Trouble): Trouble['entries'] {
  return entries.filter(entry => entry.line !== null);
}

/** Where a line and column, which count from 1, are in a text. */
export function offset(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

function introduction(kind: Kind, job: Job, trans: TranslationBundle): string {
  switch (kind) {
    case 'fork':
      return trans.__('A new training with the code of %1 and the config below. It begins without weights.', job.name);
    case 'continue':
      return trans.__('A new training with the code of %1, which begins with the weights of a checkpoint.', job.name);
    case 'extend':
      return trans.__(
        '%1 itself goes on from step %2, its newest checkpoint, as one curve and one record. Steps and epochs are additional ones.',
        job.name,
        figure(job.checkpoint?.step)
      );
  }
}

function words(one: Checkpoint, trans: TranslationBundle): string {
  const age = ago(between(one.created, null, Date.now()) ?? 0);
  const measured = one.metric === null ? '' : ` · ${figure(one.metric)}`;
  return `${trans.__('step %1', figure(one.step))}${measured} · ${trans.__('%1 ago', age)}`;
}

function wrongValue(text: string, before: unknown, trans: TranslationBundle): string | null {
  const found = read(text, before);
  if (found.ok || text === typed(before)) {
    return null;
  }
  return found.wrong === 'number' ? trans.__('A number, such as 0.01 or 1e-4.') : trans.__('JSON, such as true or [1, 2].');
}
