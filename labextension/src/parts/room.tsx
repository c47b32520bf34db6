/** What every view is given: the session and the reader's language. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { Session } from '../model/session';
import type { State } from '../model/state';

export interface Room {
  readonly session: Session;
  readonly trans: TranslationBundle;
}

const RoomContext = createContext<Room | null>(null);
export const RoomProvider = RoomContext.Provider;

export function useRoom(): Room {
  const room = useContext(RoomContext);
  if (room === null) {
    throw new Error('This part of the training extension was drawn outside its room.');
  }
  return room;
}

/** The state, drawn anew after each change. */
export function useTrainings(): State {
  const { session } = useRoom();
  return useSyncExternalStore(session.subscribe, session.read);
}

/** The time in ms, renewed every `everyMs` while the view is drawn and the page seen; 0 stands still. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (everyMs === 0) {
      return undefined;
    }
    setNow(Date.now());
    const timer = window.setInterval(() => {
      if (document.visibilityState !== 'hidden') {
        setNow(Date.now());
      }
    }, everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}
