/** Whether somebody can see a node: it is on screen, or near, in a page that is in front. */
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { RefObject } from 'react';
import type { State } from '../../model/state';
import { useRoom } from '../../parts/room';

const NEAR = '200px';

export function useSeen(frame: RefObject<HTMLElement>): boolean {
  const [near, setNear] = useState(false);
  const inFront = useSyncExternalStore(onVisibility, isInFront);
  useEffect(() => {
    const node = frame.current;
    if (node === null) {
      return undefined;
    }
    const watch = new IntersectionObserver(
      entries => setNear(entries[entries.length - 1]?.isIntersecting ?? false), // the newest comes last
      { rootMargin: NEAR }
    );
    watch.observe(node);
    return () => watch.disconnect();
  }, [frame]);
  return near && inFront;
}

/** The trainings, drawn anew after each change while they are seen; unseen, they stand still and hold no stream open. */
export function useTrainingsWhile(seen: boolean): State {
  const { session } = useRoom();
  const held = useRef(session.state);
  useEffect(() => {
    if (!seen) {
      return undefined;
    }
    const watching = session.watch();
    return () => watching.dispose();
  }, [seen, session]);
  return useSyncExternalStore(seen ? session.subscribe : nothing, () =>
    seen ? (held.current = session.state) : held.current
  );
}

function nothing(): () => void {
  return () => undefined;
}

function onVisibility(tell: () => void): () => void {
  document.addEventListener('visibilitychange', tell);
  return () => document.removeEventListener('visibilitychange', tell);
}

function isInFront(): boolean {
  return document.visibilityState === 'visible';
}
