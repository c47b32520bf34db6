/** Puts the live view of a search into an output. The lazy half of the renderer. */
import { DisposableDelegate } from '@lumino/disposable';
import { createRoot } from 'react-dom/client';
import type { Experiment } from '../../api/experiments';
import { RoomProvider } from '../../parts/room';
import { DoorsProvider } from '../job/doors';
import { Live } from '../job/Live';
import type { Kind } from '../job/Live';
import type { Mount } from '../job/mount';
import { SearchCard } from './SearchCard';

const SEARCH: Kind<Experiment> = {
  held: (state, id) => state.experiments.get(id),
  load: (session, id) => session.loadExperiment(id),
  card: (search, seen, notice) => <SearchCard search={search} seen={seen} notice={notice} />,
  waits: search => search.phase === 'queued'
};

export const mount: Mount = (node, room, doors, { reference, saved, due }) => {
  const root = createRoot(node);
  const live = <Live kind={SEARCH} reference={reference} saved={saved} due={due} />;
  root.render(<RoomProvider value={room}>{doors === null ? live : <DoorsProvider value={doors}>{live}</DoorsProvider>}</RoomProvider>);
  return new DisposableDelegate(() => root.unmount());
};
