/** The commands that a card leads to. They are other rooms' and may be missing, as in Notebook 7. */
import { createContext, useContext } from 'react';
import { CommandIds } from '../../tokens';

/** Of a job, or of a search. */
type Args = { readonly job: string; readonly attempt?: number; readonly checkpoint?: string } | { readonly experiment: string };

export interface Doors {
  hasCommand(id: string): boolean;
  execute(id: string, args: Args): Promise<unknown>;
  /** Opens the menu of all that can be done with a job, below a button; `byKey` with its first item chosen. */
  readonly menu?: (job: string, button: HTMLElement, byKey: boolean, closed: () => void) => void;
}

export const LOG_COMMAND = CommandIds.log;
export const CLONE_COMMAND = CommandIds.clone;

const NONE: Doors = { hasCommand: () => false, execute: () => Promise.resolve() };
const DoorsContext = createContext<Doors>(NONE);

export const DoorsProvider = DoorsContext.Provider;

export function useDoors(): Doors {
  return useContext(DoorsContext);
}
