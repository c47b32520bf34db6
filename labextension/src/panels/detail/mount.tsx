/** Puts a job's views into its widget, and keeps the stream open for as long. The lazy half. */
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import { RoomProvider } from '../../parts/room';
import type { Room } from '../../parts/room';
import { DoorsProvider } from '../../renderers/job/doors';
import { Detail } from './Detail';
import { EditorsProvider } from './Source';
import type { DetailHost, DetailOptions } from './host';
import { RecallProvider } from './recall';
import type { Recall } from './recall';

export type Mounted = IDisposable;

export function mount(host: DetailHost, room: Room, { doors, editors }: DetailOptions, recall: Recall): Mounted {
  const watching = room.session.watch();
  const root = createRoot(host.node);
  root.render(
    <RoomProvider value={room}>
      <DoorsProvider value={doors}>
        <EditorsProvider value={editors}>
          <RecallProvider value={recall}>
            <Detail host={host} />
          </RecallProvider>
        </EditorsProvider>
      </DoorsProvider>
    </RoomProvider>
  );
  return new DisposableDelegate(() => {
    watching.dispose();
    root.unmount();
  });
}
