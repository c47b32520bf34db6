/** Puts a search's views into its widget, and keeps the stream open for as long. The lazy half. */
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import { RoomProvider } from '../../parts/room';
import type { Room } from '../../parts/room';
import { DoorsProvider } from '../../renderers/job/doors';
import { RecallProvider } from '../detail/recall';
import type { Recall } from '../detail/recall';
import type { SearchHost, SearchOptions } from './host';
import { SearchView } from './SearchView';

export type Mounted = IDisposable;

export function mount(host: SearchHost, room: Room, { doors }: SearchOptions, recall: Recall): Mounted {
  const watching = room.session.watch();
  const root = createRoot(host.node);
  root.render(
    <RoomProvider value={room}>
      <DoorsProvider value={doors}>
        <RecallProvider value={recall}>
          <SearchView host={host} />
        </RecallProvider>
      </DoorsProvider>
    </RoomProvider>
  );
  return new DisposableDelegate(() => {
    watching.dispose();
    root.unmount();
  });
}
