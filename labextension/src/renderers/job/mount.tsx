/** Puts the live view of a job into an output. The lazy half of the renderer. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import { RoomProvider } from '../../parts/room';
import type { Room } from '../../parts/room';
import { DoorsProvider } from './doors';
import type { Doors } from './doors';
import { LiveJob } from './Live';
import type { Reference } from './reference';
import { sealAtEnd } from './seal';

export type Mounted = IDisposable;

export interface Output {
  readonly reference: Reference;
  /** Draws what the notebook saved into a node. */
  readonly saved: (node: HTMLElement) => void;
  /** When it is shown though the server has not answered, in ms since the epoch. */
  readonly due: number;
  /** The output as the notebook has it now. */
  readonly model: () => IRenderMime.IMimeModel | null;
}

export type Mount = (node: HTMLElement, room: Room, doors: Doors | null, output: Output) => Mounted;

export function mount(node: HTMLElement, room: Room, doors: Doors | null, output: Output): Mounted {
  const root = createRoot(node);
  const live = <LiveJob reference={output.reference} saved={output.saved} due={output.due} />;
  root.render(<RoomProvider value={room}>{doors === null ? live : <DoorsProvider value={doors}>{live}</DoorsProvider>}</RoomProvider>);
  const sealing = sealAtEnd(room.session, output.reference, output.model);
  return new DisposableDelegate(() => {
    sealing.dispose();
    root.unmount();
  });
}
