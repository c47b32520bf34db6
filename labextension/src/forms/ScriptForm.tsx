/** A form for one script: its own arguments first, then how it is trained. Says what is wrong beside what is wrong. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useId } from 'react';
import type { Script, ScriptParameter } from '../api/scripts';
import { checked, typed } from './fields';
import type { Given, Wrong } from './fields';

/** What the form holds. */
export interface Draft {
  readonly given: Readonly<Record<string, Given>>;
  readonly name: string;
  readonly pool: string;
  readonly priority: string;
  readonly kernel: string;
}

export interface FormProps {
  readonly script: Script;
  readonly draft: Draft;
  readonly change: (news: Partial<Draft>) => void;
  readonly pools: readonly string[];
  readonly kernels: readonly { readonly name: string; readonly title: string }[];
  /** Whether it was tried to send it: only then what is missing is said. */
  readonly tried: boolean;
  readonly trans: TranslationBundle;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

export function ScriptForm(props: FormProps): JSX.Element {
  const { script, draft, change: set, trans, tried } = props;
  const id = useId();
  return (
    <>
      {script.parameters.length === 0 && (
        <p className="jp-Training-faint">{trans.__('Its text names no arguments of argparse; it is run as it is.')}</p>
      )}
      {script.parameters.map(parameter => (
        <Field
          key={parameter.name}
          parameter={parameter}
          given={draft.given[parameter.name] ?? null}
          set={given => set({ given: { ...draft.given, [parameter.name]: given } })}
          tried={tried}
          trans={trans}
        />
      ))}
      {script.notes.length > 0 && (
        <ul className="jp-Training-faint">
          {script.notes.map(note => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <fieldset>
        <legend>{trans.__('How it is trained')}</legend>
        <Row label={trans.__('name')} id={`${id}-name`} wrong={wrongName(trans, draft.name)}>
          {described => (
            <input {...described} value={draft.name} placeholder={nameOf(script.path)} spellCheck={false} onChange={event => set({ name: event.target.value })} />
          )}
        </Row>
        {props.pools.length > 1 && (
          <Row label={trans.__('pool')} id={`${id}-pool`} wrong={null}>
            {described => (
              <select {...described} value={draft.pool} onChange={event => set({ pool: event.target.value })}>
                {props.pools.map(pool => (
                  <option key={pool}>{pool}</option>
                ))}
              </select>
            )}
          </Row>
        )}
        <Row
          label={trans.__('priority')}
          id={`${id}-priority`}
          help={trans.__('1 to 99; smaller goes first')}
          wrong={wrongPriority(trans, draft.priority)}
        >
          {described => (
            <input
              {...described}
              inputMode="numeric"
              value={draft.priority}
              placeholder="42"
              onChange={event => set({ priority: event.target.value })}
            />
          )}
        </Row>
        {props.kernels.length > 0 && (
          <Row label={trans.__('kernel')} id={`${id}-kernel`} help={trans.__('whose interpreter runs it')} wrong={null}>
            {described => (
              <select {...described} value={draft.kernel} onChange={event => set({ kernel: event.target.value })}>
                {props.kernels.map(kernel => (
                  <option key={kernel.name} value={kernel.name}>
                    {kernel.title}
                  </option>
                ))}
              </select>
            )}
          </Row>
        )}
      </fieldset>
    </>
  );
}

/** Whether the form may be sent. */
export function isRight(script: Script, draft: Draft, trans: TranslationBundle): boolean {
  return (
    script.parameters.every(parameter => checked(parameter, draft.given[parameter.name] ?? null).ok) &&
    wrongName(trans, draft.name) === null &&
    wrongPriority(trans, draft.priority) === null
  );
}

interface FieldProps {
  readonly parameter: ScriptParameter;
  readonly given: Given;
  readonly set: (given: Given) => void;
  readonly tried: boolean;
  readonly trans: TranslationBundle;
}

function Field({ parameter, given, set, tried, trans }: FieldProps): JSX.Element {
  const id = useId();
  const result = checked(parameter, given);
  const said = result.ok || (result.wrong === 'missing' && !tried) ? null : wrongWords(trans, result.wrong, parameter);
  const label = parameter.flags.find(flag => flag.startsWith('--')) ?? parameter.flags[0] ?? parameter.name;
  return (
    <Row label={label} id={id} help={parameter.help} wrong={said} required={parameter.required}>
      {described =>
        typeof given === 'boolean' ? (
          <input {...described} type="checkbox" checked={given} onChange={event => set(event.target.checked)} />
        ) : parameter.type === 'choice' && parameter.choices !== null ? (
          <select {...described} value={given ?? ''} onChange={event => set(event.target.value === '' ? null : event.target.value)}>
            {(parameter.default === null || given === null) && <option value="">{trans.__('choose…')}</option>}
            {parameter.choices.map(choice => (
              <option key={typed(choice)}>{typed(choice)}</option>
            ))}
          </select>
        ) : (
          <input
            {...described}
            value={given ?? ''}
            inputMode={parameter.type === 'int' ? 'numeric' : parameter.type === 'float' ? 'decimal' : 'text'}
            placeholder={parameter.type === 'list' ? trans.__('values, with spaces between') : undefined}
            spellCheck={false}
            onChange={event => set(event.target.value)}
          />
        )
      }
    </Row>
  );
}

interface Described {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean;
  readonly 'aria-required': boolean;
}

export function Row(props: {
  label: string;
  id: string;
  help?: string | null;
  wrong: string | null;
  required?: boolean;
  children: (described: Described) => JSX.Element;
}): JSX.Element {
  const { label, id, help, wrong, required = false } = props;
  const words = wrong ?? help ?? '';
  return (
    <div className="jp-Training-field">
      <label htmlFor={id}>
        {label}
        {required && <abbr aria-hidden="true"> *</abbr>}
      </label>
      {props.children({
        id,
        'aria-describedby': words === '' ? undefined : `${id}-words`,
        'aria-invalid': wrong !== null,
        'aria-required': required
      })}
      {words !== '' && (
        <span id={`${id}-words`} className={wrong === null ? 'jp-Training-faint' : 'jp-Training-refusal'}>
          {words}
        </span>
      )}
    </div>
  );
}

function wrongWords(trans: TranslationBundle, wrong: Wrong, parameter: ScriptParameter): string {
  switch (wrong) {
    case 'missing':
      return trans.__('The script needs it.');
    case 'whole':
      return trans.__('A whole number, such as 32.');
    case 'number':
      return trans.__('A number, such as 0.01 or 1e-4.');
    case 'choice':
      return trans.__('One of: %1.', (parameter.choices ?? []).map(typed).join(', '));
  }
}

/** What the server calls a job that got no name: its file's. */
function nameOf(path: string): string {
  const stem = path.replace(/^.*\//, '').replace(/\.[^.]*$/, '');
  return stem.replace(/[^A-Za-z0-9_.-]/g, '-').replace(/^[_.-]+/, '').slice(0, 63);
}

export function wrongName(trans: TranslationBundle, name: string): string | null {
  return name === '' || NAME.test(name) ? null : trans.__('a to z, 0 to 9, and . _ - after the first character; at most 63.');
}

export function wrongPriority(trans: TranslationBundle, priority: string): string | null {
  return priority.trim() === '' || /^[1-9]\d?$/.test(priority.trim()) ? null : trans.__('A whole number from 1 to 99.');
}
