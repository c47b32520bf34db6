/** The menu behind the dots: the verbs that are legal, by mouse and by keys. */
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Job } from '../src/api/jobs';
import { addActs } from '../src/commands/acts';
import { doorsOf } from '../src/commands/doors';
import { Session } from '../src/model/session';
import { RoomProvider } from '../src/parts/room';
import { More } from '../src/renderers/job/More';
import { DoorsProvider } from '../src/renderers/job/doors';
import { aJob, succeeded } from './builders';
import { drawn } from './drawn';
import { aServer } from './server';

const trans = nullTranslator.load('jupyter_training');
const CHECKPOINT = { step: 20, created: '2026-11-21T10:00:05Z', count: 2 };
const asked = vi.fn();

let session: Session;
let commands: CommandRegistry;
let root: Root;

vi.mock('../src/commands/again', () => ({
  again: (...given: unknown[]) => {
    asked(...given.slice(2), document.activeElement);
    return Promise.resolve(null);
  }
}));

beforeEach(() => {
  asked.mockClear();
  Object.assign(Element.prototype, { scrollIntoView: () => undefined }); // jsdom has no layout
  session = new Session(aServer().settings);
  commands = new CommandRegistry();
  addActs({
    app: { commands },
    session: () => Promise.resolve(session),
    known: () => session,
    trans,
    palette: null,
    meant: args => (typeof args.job === 'string' ? [args.job] : null),
    describedBy: { args: {} }
  });
  root = createRoot(document.body.appendChild(document.createElement('div')));
});

afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
});

async function show(job: Job): Promise<HTMLButtonElement> {
  session.take([job]);
  const more = (
    <RoomProvider value={{ session, trans }}>
      <DoorsProvider value={doorsOf(commands)}>
        <More job={job} />
      </DoorsProvider>
    </RoomProvider>
  );
  await act(async () => root.render(more));
  return document.querySelector<HTMLButtonElement>('button[aria-haspopup=menu]')!;
}

const offered = (): (string | null)[] =>
  [...document.querySelectorAll('.lm-Menu-item:not(.lm-mod-hidden)[data-type=command] .lm-Menu-itemLabel')].map(one => one.textContent);

function press(key: string, keyCode: number): void {
  const down = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
  Object.defineProperty(down, 'keyCode', { value: keyCode }); // which Lumino reads
  document.querySelector('.lm-Menu')!.dispatchEvent(down);
}

test('an ended one offers what the server and its checkpoints allow', async () => {
  const button = await show(succeeded({ id: 'a', verbs: ['archive', 'delete'], checkpoint: CHECKPOINT }));
  await act(async () => button.click());
  await drawn(() => expect(offered()).toEqual(['Extend…', 'Continue from a Checkpoint…', 'Fork…', 'Archive', 'Delete…']));
  expect(button.getAttribute('aria-expanded')).toBe('true');
});

test('one without a checkpoint has nothing to continue; one that runs is not extended', async () => {
  let button = await show(succeeded({ id: 'a', verbs: ['archive', 'delete'] }));
  await act(async () => button.click());
  await drawn(() => expect(offered()).toEqual(['Fork…', 'Archive', 'Delete…']));
  act(() => press('Escape', 27));
  button = await show(aJob({ id: 'b', verbs: ['pause', 'cancel', 'kill'], checkpoint: CHECKPOINT }));
  await act(async () => button.click());
  await drawn(() => expect(offered()).toEqual(['Pause', 'Stop', 'Kill', 'Continue from a Checkpoint…', 'Fork…']));
});

test('by keys the first item is chosen at once, Escape gives the focus back, and a dialogue finds it there', async () => {
  const button = await show(succeeded({ id: 'a', checkpoint: CHECKPOINT }));
  button.focus();
  await act(async () => button.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true })));
  await drawn(() => expect(document.querySelector('.lm-Menu-item.lm-mod-active')?.textContent).toContain('Extend…'));
  act(() => press('Escape', 27));
  expect(document.querySelector('.lm-Menu')).toBeNull();
  expect(document.activeElement).toBe(button);
  expect(button.getAttribute('aria-expanded')).toBe('false');

  await act(async () => button.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true })));
  await drawn(() => expect(document.querySelector('.lm-Menu-item.lm-mod-active')).not.toBeNull());
  act(() => press('ArrowDown', 40));
  act(() => press('Enter', 13));
  await drawn(() => expect(asked).toHaveBeenCalledWith('continue', 'a', null, button));
});
