/** The detail's tabs, in their order. */
import type { TranslationBundle } from '@jupyterlab/translation';

export const TABS = ['overview', 'log', 'parameters', 'attempts', 'checkpoints', 'artifacts', 'environment', 'record'] as const;

export type Tab = (typeof TABS)[number];

export function isTab(word: unknown): word is Tab {
  return (TABS as readonly unknown[]).includes(word);
}

export function tabWord(trans: TranslationBundle, tab: Tab): string {
  switch (tab) {
    case 'overview':
      return trans.__('Overview');
    case 'log':
      return trans.__('Log');
    case 'parameters':
      return trans.__('Parameters');
    case 'attempts':
      return trans.__('Attempts');
    case 'checkpoints':
      return trans.__('Checkpoints');
    case 'artifacts':
      return trans.__('Artifacts');
    case 'environment':
      return trans.__('Environment');
    case 'record':
      return trans.__('Record');
  }
}
