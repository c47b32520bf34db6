/** What is asked of the server for the curves of a job. */
import { nullTranslator } from '@jupyterlab/translation';
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { expect, test } from 'vitest';
import { Session } from '../src/model/session';
import { useSeries } from '../src/panels/detail/useSeries';
import { RoomProvider } from '../src/parts/room';
import { aMetric, succeeded } from './builders';
import { drawn } from './drawn';
import { aServer } from './server';

test('a late answer to an earlier question takes no curve away', async () => {
  const answers = new Map<string, () => void>();
  const fetch = (request: Request): Promise<Response> => {
    const names = new URL(request.url).searchParams.getAll('name');
    const series = names.map(name => ({ name, source: 'report', count: 1, superseded: false, points: [[1, 1, 1]] }));
    return new Promise(resolve => answers.set(names.join(), () => resolve(new Response(JSON.stringify({ job: 'x', series })))));
  };
  const session = new Session({ ...aServer().settings, fetch: fetch as typeof globalThis.fetch });
  const room = { session, trans: nullTranslator.load('jupyter_training') } as Parameters<typeof RoomProvider>[0]['value'];
  const job = succeeded({ metrics: { a: aMetric(1), b: aMetric(2) } });
  let shown: string[] = [];
  const Curves = ({ names }: { names: readonly string[] }): null => {
    shown = [...useSeries(job, names, 1).byName.keys()];
    return null;
  };
  const root = createRoot(document.createElement('div'));
  const draw = async (names: readonly string[]): Promise<void> => {
    act(() => root.render(<RoomProvider value={room}><Curves names={names} /></RoomProvider>));
    await drawn(() => expect([...answers.keys()]).toContain(names.join()));
  };
  await draw(['a']);
  await draw(['a', 'b']);

  for (const names of ['a,b', 'a']) {
    await act(async () => {
      answers.get(names)?.();
      await new Promise(resolve => window.setTimeout(resolve));
    });
  }

  expect(shown).toEqual(['a', 'b']);
  act(() => root.unmount());
});
