/** A job where a service runs it, on its card, in a saved notebook, and its pool. */
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it, vi } from 'vitest';
import { ENGLISH, serviceParts } from '../src/model/service';
import type { Service as Told } from '../src/model/service';
import { RoomProvider } from '../src/parts/room';
import type { Room } from '../src/parts/room';
import { Service } from '../src/parts/Service';
import { poolNote } from '../src/parts/words';
import { still } from '../src/renderers/job/still';
import { aJob, aPool } from './builders';

const trans = nullTranslator.load('jupyter-training');
const NOTHING = { traceback: [], before: [] };

function told(over: Partial<Told> = {}): Told {
  return {
    backend: 'sagemaker',
    machines: '2 × ml.g5.xlarge, spot',
    name: 'jt-digits-3f2a91bc-1',
    stage: 'training',
    model: null,
    log_lag: null,
    billable: null,
    training: null,
    cost: null,
    saving: null,
    ...over
  };
}

describe('what a service does for a job', () => {
  it('is its machines, the lag of its log, and what it has cost', () => {
    expect(serviceParts(trans, told())).toEqual(['2 × ml.g5.xlarge, spot']);
    expect(serviceParts(trans, told({ log_lag: 1.5 }))).toEqual(['2 × ml.g5.xlarge, spot']);
    expect(serviceParts(trans, told({ log_lag: 12 }))).toEqual(['2 × ml.g5.xlarge, spot', 'log lag 12 s']);
    const over = told({ billable: 1080, training: 3600, cost: '1.20 USD', saving: 0.7 });
    expect(serviceParts(ENGLISH, over).join(' · ')).toBe(
      '2 × ml.g5.xlarge, spot · billed 18 min of 1 h 0 m · 1.20 USD, 70 % saved'
    );
    expect(serviceParts(ENGLISH, told({ billable: 90, training: 90 }))[1]).toBe('billed 1 min');
  });

  it('is saved with the notebook as the kernel saves it', () => {
    const job = aJob({ state: 'succeeded', phase: 'succeeded', sentence: 'Succeeded in 12 s.', service: told({ billable: 12 }) });
    const saved = still(job, new Map(), NOTHING);
    expect(saved.text).toContain('   2 × ml.g5.xlarge, spot · billed 12 s   ');
    expect(saved.html).toContain('<span style="opacity:.75">2 × ml.g5.xlarge, spot · billed 12 s</span>');
    expect(still(aJob({ phase: 'succeeded', sentence: 'Succeeded.' }), new Map(), NOTHING).text).not.toContain('×');
  });

  it('has a name and a model that are copied with a click', async () => {
    const written = vi.fn(() => Promise.resolve());
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: written }, configurable: true });
    const node = document.createElement('div');
    const root = createRoot(node);
    const job = aJob({ service: told({ model: 's3://mine/out/model.tar.gz' }) });
    act(() => {
      root.render(
        <RoomProvider value={{ trans } as unknown as Room}>
          <Service job={job} />
        </RoomProvider>
      );
    });
    const buttons = [...node.querySelectorAll('button')];
    expect(buttons.map(one => one.textContent)).toEqual(['jt-digits-3f2a91bc-1', 's3://mine/out/model.tar.gz']);
    await act(async () => buttons[0]?.click());
    expect(written).toHaveBeenCalledWith('jt-digits-3f2a91bc-1');
    expect(buttons[0]?.textContent).toBe('copied');
    act(() => root.unmount());
  });
});

describe('the note of a pool', () => {
  it('is what its service says, and what a person lets it have', () => {
    expect(poolNote(trans, aPool('local'))).toBeNull();
    expect(poolNote(trans, aPool('ml.g5.xlarge', { remark: 'AWS allows 2 at once.', options: { at_most: 1 } }))).toBe(
      'AWS allows 2 at once. You let it have 1 at most.'
    );
  });
});
