/** The tabs of a widget in the main area, moved among by arrow keys, and which of them is chosen. */
import { useEffect, useState } from 'react';
import type { KeyboardEvent } from 'react';
import type { ISignal } from '@lumino/signaling';

interface Props<Tab> {
  /** Of the ids: `base-tab`, and `base-panel` of what they show. */
  readonly base: string;
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly word: (tab: Tab) => string;
  readonly chosen: Tab;
  readonly choose: (tab: Tab) => void;
}

export function Tabs<Tab extends string>({ base, label, tabs, word, chosen, choose }: Props<Tab>): JSX.Element {
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const at = tabs.indexOf(chosen);
    const to: { readonly [key: string]: number } = {
      ArrowRight: (at + 1) % tabs.length,
      ArrowLeft: (at + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1
    };
    const next = tabs[to[event.key] ?? -1];
    if (next !== undefined) {
      event.preventDefault();
      choose(next);
      document.getElementById(`${base}-${next}`)?.focus();
    }
  };
  return (
    <div className="jp-Training-tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map(tab => (
        <button
          key={tab}
          type="button"
          role="tab"
          id={`${base}-${tab}`}
          aria-selected={tab === chosen}
          aria-controls={tab === chosen ? `${base}-panel` : undefined}
          tabIndex={tab === chosen ? 0 : -1}
          onClick={() => choose(tab)}
        >
          {word(tab)}
        </button>
      ))}
    </div>
  );
}

export function useTab<Tab extends string>(host: { readonly tab: Tab; readonly tabChanged: ISignal<unknown, Tab> }): Tab {
  const [tab, setTab] = useState(host.tab);
  useEffect(() => {
    const changed = (): void => setTab(host.tab);
    changed();
    host.tabChanged.connect(changed);
    return () => void host.tabChanged.disconnect(changed);
  }, [host]);
  return tab;
}
