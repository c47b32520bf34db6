/** Puts the queues into their widget, and keeps the stream open for as long. The lazy half. */
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import { RoomProvider } from '../../parts/room';
import type { Room } from '../../parts/room';
import type { QueueHost, QueueOptions } from './host';
import { QueueView } from './QueueView';

export type Mounted = IDisposable;

export function mount(host: QueueHost, room: Room, app: QueueOptions['app']): Mounted {
  const watching = room.session.watch();
  const root = createRoot(host.node);
  root.render(
    <RoomProvider value={room}>
      <QueueView host={host} app={app} />
    </RoomProvider>
  );
  return new DisposableDelegate(() => {
    watching.dispose();
    root.unmount();
  });
}
