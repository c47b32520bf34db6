/** Puts the live view of a job into an output. The lazy half of the renderer. */
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import { RoomProvider } from '../../parts/room';
import type { Room } from '../../parts/room';
import { LiveJob } from './LiveJob';
import type { Reference } from './reference';

export type Mounted = IDisposable;

export function mount(node: HTMLElement, room: Room, reference: Reference, saved: (node: HTMLElement) => void): Mounted {
  const watching = room.session.watch();
  const root = createRoot(node);
  root.render(
    <RoomProvider value={room}>
      <LiveJob reference={reference} saved={saved} />
    </RoomProvider>
  );
  return new DisposableDelegate(() => {
    watching.dispose();
    root.unmount();
  });
}
