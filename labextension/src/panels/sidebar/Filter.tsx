/** The filter box: what it finds is said below it, and what is wrong with it. */
import { forwardRef, useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import type { ForwardedRef, KeyboardEvent } from 'react';
import { closeIcon } from '@jupyterlab/ui-components';
import { figure } from '../../model/wording';
import { useRoom } from '../../parts/room';
import type { Found } from './useFound';

/** A screen reader is told how many there are when they have stood still for so long. */
const SETTLED_MS = 600;

interface Props {
  readonly text: string;
  readonly found: Found | null;
  readonly onChange: (text: string) => void;
  /** Escape in an empty box, and the arrow down. */
  readonly onLeave: () => void;
}

export interface FilterHandle {
  focus(): void;
}

function FilterOf({ text, found, onChange, onLeave }: Props, ref: ForwardedRef<FilterHandle>): JSX.Element {
  const { trans } = useRoom();
  const box = useRef<HTMLInputElement>(null);
  const below = useId();
  useImperativeHandle(ref, () => ({
    focus: () => {
      box.current?.focus();
      box.current?.select();
    }
  }));
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && text !== '') {
      onChange('');
    } else if (event.key === 'Escape' || event.key === 'ArrowDown' || event.key === 'Enter') {
      onLeave();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const trouble = found?.trouble ?? null;
  const counted = useCounted(found);
  return (
    <div className="jp-Training-filter" role="search">
      <div className="jp-Training-box">
        <input
          ref={box}
          type="text"
          value={text}
          spellCheck={false}
          autoComplete="off"
          placeholder={trans.__('Filter, e.g. state:failed')}
          title={trans.__('Words of a name, or state: tag: name: user: pool: notebook:, is:archived, or a comparison such as val_accuracy>0.9. A minus in front negates. (/)')}
          aria-label={trans.__('Filter trainings')}
          aria-describedby={below}
          aria-invalid={trouble !== null}
          onChange={event => onChange(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {text !== '' && (
          <button
            type="button"
            className="jp-Training-iconButton"
            title={trans.__('Clear the filter (Escape)')}
            aria-label={trans.__('Clear the filter')}
            onClick={() => {
              onChange('');
              box.current?.focus();
            }}
          >
            <closeIcon.react tag="span" width="12px" height="12px" />
          </button>
        )}
      </div>
      <div id={below} className={trouble === null ? 'jp-Training-faint' : 'jp-Training-refusal'} role="status">
        {trouble === null ? counted : trouble.message}
      </div>
    </div>
  );
}

export const Filter = forwardRef(FilterOf);

function useCounted(found: Found | null): string {
  const { trans } = useRoom();
  const words =
    found === null || !found.sure
      ? ''
      : found.more
        ? trans.__('More than %1 fit.', figure(found.total))
        : trans._n('%1 fits.', '%1 fit.', found.total);
  const [said, setSaid] = useState('');
  const none = found === null;
  useEffect(() => {
    const timer = window.setTimeout(() => setSaid(words), none ? 0 : SETTLED_MS);
    return () => window.clearTimeout(timer);
  }, [words, none]);
  return said;
}
