/** Puts the panel into a node and keeps the stream open for as long. The lazy half of the sidebar. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import { RoomProvider } from '../../parts/room';
import type { Room } from '../../parts/room';
import type { Layout } from './host';
import { Sidebar } from './Sidebar';
import type { Handle } from './Sidebar';

/** What lies around the panel. */
export interface Desk {
  readonly app: Pick<JupyterFrontEnd, 'commands' | 'shell'>;
  readonly notebooks: INotebookTracker | null;
  readonly layout: Layout;
  /** Remember sections and filter over a reload. */
  readonly keep: (layout: Layout) => void;
  /** Say which jobs are selected. */
  readonly choose: (ids: readonly string[]) => void;
}

export interface Mounted extends IDisposable {
  filter(text: string | null): void;
  focus(): void;
}

export function mount(node: HTMLElement, room: Room, desk: Desk): Mounted {
  const { session } = room;
  const watching = session.watch();
  const root = createRoot(node);
  // What is asked of it before it has been drawn waits until it is.
  let waiting: ((handle: Handle) => void) | null = null;
  let drawn: Handle | null = null;
  const tell = (what: (handle: Handle) => void): void => {
    if (drawn === null) {
      waiting = what;
    } else {
      what(drawn);
    }
  };
  const ready = (handle: Handle | null): void => {
    drawn = handle;
    if (handle !== null) {
      waiting?.(handle);
      waiting = null;
    }
  };
  root.render(
    <RoomProvider value={room}>
      <Sidebar desk={desk} ref={ready} />
    </RoomProvider>
  );
  let disposed = false;
  return {
    filter: text => tell(handle => handle.filter(text)),
    focus: () => tell(handle => handle.focus()),
    get isDisposed() {
      return disposed;
    },
    dispose: () => {
      disposed = true;
      watching.dispose();
      root.unmount();
      session.forget();
    }
  };
}
