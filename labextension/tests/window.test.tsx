/** What of a long list is drawn. jsdom lays nothing out: the list is 100 px high, and rows say their own height. */
import { act, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { useWindow } from '../src/parts/useWindow';
import type { Window } from '../src/parts/useWindow';

const tall = Object.getOwnPropertyDescriptor(Element.prototype, 'clientHeight')!;
const laidOut = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'offsetHeight')!;
beforeAll(() => {
  Object.defineProperty(Element.prototype, 'clientHeight', { configurable: true, get: () => 100 });
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', {
    configurable: true,
    get(this: HTMLElement) {
      return Number(this.dataset.high ?? 0);
    }
  });
});
afterAll(() => {
  Object.defineProperty(Element.prototype, 'clientHeight', tall);
  Object.defineProperty(HTMLElement.prototype, 'offsetHeight', laidOut);
});

let root: Root;
let node: HTMLElement;
let sight: Window;

interface Props {
  readonly count: number;
  readonly keep?: number;
  readonly before?: number;
  readonly high?: ReadonlyMap<number, number>;
}

const ten = (): number => 10;
const itself = (index: number): number => index;

function List({ count, keep = -1, before = 0, high }: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  sight = useWindow({ count, scroller, estimate: ten, keyOf: itself, around: 2, keep, before });
  return (
    <div ref={scroller} className="list">
      {sight.drawn.map(({ index, key }) => (
        <i key={key} data-index={index} data-high={high?.get(index) ?? 10} ref={sight.measure} />
      ))}
    </div>
  );
}

beforeEach(() => {
  node = document.createElement('div');
  document.body.append(node);
  root = createRoot(node);
});
afterEach(() => act(() => root.unmount()));

const list = (): HTMLElement => node.querySelector('.list')!;
const drawn = (): number[] => sight.drawn.map(one => one.index);
const show = (props: Props): void => act(() => root.render(<List {...props} />));

function scroll(to: number): void {
  act(() => {
    list().scrollTop = to;
    list().dispatchEvent(new Event('scroll'));
  });
}

test('only what is in sight is drawn, and a few rows around', () => {
  show({ count: 10_000 });
  expect(drawn()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(sight.height).toBe(100_000);
  scroll(5005);
  expect(drawn()[0]).toBe(498);
  expect(drawn()[drawn().length - 1]).toBe(512);
  expect(sight.last).toBe(510);
});

test('a row that is kept is drawn wherever it is, in its order', () => {
  show({ count: 100, keep: 50 });
  expect(drawn()[drawn().length - 1]).toBe(50);
  scroll(900);
  expect(drawn()[0]).toBe(50);
  expect(drawn().filter(index => index === 50)).toHaveLength(1);
});

test('a row as high as it is moves those below', () => {
  show({ count: 100, high: new Map([[1, 60]]) });
  expect(sight.startOf(2)).toBe(70);
  expect(sight.height).toBe(1050);
  expect(sight.indexAt(65)).toBe(1);
  show({ count: 100 }); // and back
  act(() => sight.forget());
  expect(sight.startOf(2)).toBe(20);
});

test('what is measured above the upper edge does not move what somebody reads', () => {
  show({ count: 100, high: new Map([[48, 25]]) });
  scroll(500); // rows from 48 on are drawn, 48 above the edge
  expect(list().scrollTop).toBe(515);
  expect(sight.startOf(50)).toBe(515);
});

test('a row is brought into sight with no more movement than that takes', () => {
  show({ count: 100, before: 20 });
  act(() => sight.show(5));
  expect(list().scrollTop).toBe(0); // it is in sight
  act(() => sight.show(50));
  expect(list().scrollTop).toBe(20 + 510 - 100);
  act(() => sight.show(45)); // below what covers the upper edge
  expect(list().scrollTop).toBe(430);
  act(() => sight.show(0));
  expect(list().scrollTop).toBe(0);
  act(() => sight.show(50, 'middle'));
  expect(list().scrollTop).toBe(520 - 45);
  act(() => sight.show(1000)); // there is none
  expect(list().scrollTop).toBe(475);
});

test('a list that became shorter draws none that are not there', () => {
  show({ count: 100 });
  scroll(900);
  show({ count: 3 });
  expect(drawn()).toEqual([0, 1, 2]);
  show({ count: 0 });
  expect(drawn()).toEqual([]);
});
