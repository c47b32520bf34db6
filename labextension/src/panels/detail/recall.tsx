/** What a view was set to, kept while it is hidden: it is drawn anew each time it is shown. */
import { createContext, useCallback, useContext, useState } from 'react';

export type Recall = Map<string, unknown>;

const RecallContext = createContext<Recall>(new Map());
export const RecallProvider = RecallContext.Provider;

/** A state of that name, which begins as it was when the view was last hidden. */
export function useRecalled<T>(name: string, initial: T): [T, (next: T) => void] {
  const recall = useContext(RecallContext);
  const [value, setValue] = useState<T>(() => (recall.has(name) ? (recall.get(name) as T) : initial));
  const set = useCallback(
    (next: T) => {
      recall.set(name, next);
      setValue(next);
    },
    [recall, name]
  );
  return [value, set];
}
