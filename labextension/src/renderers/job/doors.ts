/** The commands that a card leads to. They are other rooms' and may be missing, as in Notebook 7. */
import { createContext, useContext } from 'react';

export interface Doors {
  hasCommand(id: string): boolean;
  execute(id: string, args: { readonly job: string }): Promise<unknown>;
}

export const LOG_COMMAND = 'jupyter-training:log';
export const CLONE_COMMAND = 'jupyter-training:clone';

const NONE: Doors = { hasCommand: () => false, execute: () => Promise.resolve() };
const DoorsContext = createContext<Doors>(NONE);

export const DoorsProvider = DoorsContext.Provider;

export function useDoors(): Doors {
  return useContext(DoorsContext);
}
