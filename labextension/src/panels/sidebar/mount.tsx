/** Puts the panel into a node and keeps the stream open for as long. The lazy half of the sidebar. */
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import { RoomProvider } from '../../parts/room';
import type { Room } from '../../parts/room';
import { Sidebar } from './Sidebar';

export type Mounted = IDisposable;

export function mount(node: HTMLElement, room: Room): Mounted {
  const watching = room.session.watch();
  const root = createRoot(node);
  root.render(
    <RoomProvider value={room}>
      <Sidebar />
    </RoomProvider>
  );
  return new DisposableDelegate(() => {
    watching.dispose();
    root.unmount();
  });
}
