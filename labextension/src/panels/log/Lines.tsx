/** The lines that can be seen, and no others. Sticks to the bottom while it is there; else stays where it is. */
import { useCallback, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef } from 'react';
import type { KeyboardEvent, Ref } from 'react';
import { useWindow } from '../../parts/useWindow';
import { marked, runs } from './ansi';
import { isAtEnd } from './piece';
import type { LogLine, Part } from './piece';
import type { LogReader } from './reader';

export const LINE_PX = 18;
/** Nearer to an end than this, more is asked for. */
const NEAR_PX = 1200;

export interface LinesHandle {
  /** Bring a place of the part to the middle. */
  show(place: number): void;
  /** The offset of the line that is uppermost. */
  uppermost(): number;
  page(): HTMLElement | null;
}

interface Props {
  readonly reader: LogReader;
  readonly part: Part;
  readonly era: number;
  readonly wrap: boolean;
  readonly following: boolean;
  readonly onFollowing: (following: boolean) => void;
  /** Offset of the line that was jumped to. */
  readonly current: number | null;
  readonly mark: RegExp | null;
  readonly label: string;
  readonly onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  readonly handle: Ref<LinesHandle>;
}

export function Lines(props: Props): JSX.Element {
  const { reader, part, era, wrap, following, onFollowing } = props;
  const page = useRef<HTMLDivElement>(null);
  const anchor = useRef({ id: 0, within: 0 });
  const seen = useRef({ era, shift: part.shift });
  const top = useRef(0);
  const { shift } = part;
  const { drawn, height, measure, forget, startOf, indexAt, show } = useWindow({
    count: part.lines.length,
    scroller: page,
    estimate: lineHeight,
    keyOf: useCallback((place: number) => place - shift, [shift]),
    around: 20
  });

  // Wrapped lines have heights of their own.
  useEffect(forget, [wrap, forget]);

  useLayoutEffect(() => {
    const node = page.current;
    if (node === null) {
      return;
    }
    const jumped = seen.current.era !== era;
    const moved = seen.current.shift !== part.shift;
    seen.current = { era, shift: part.shift };
    if (following) {
      node.scrollTop = node.scrollHeight;
    } else if (!jumped && moved) {
      const place = anchor.current.id + part.shift;
      node.scrollTop = startOf(place) + anchor.current.within;
    }
    top.current = node.scrollTop;
  }, [part, era, following, height, startOf]);

  const onScroll = (): void => {
    const node = page.current;
    if (node === null) {
      return;
    }
    const first = indexAt(node.scrollTop);
    anchor.current = { id: first - part.shift, within: node.scrollTop - startOf(first) };
    const below = node.scrollHeight - node.clientHeight - node.scrollTop;
    // Only somebody who scrolls up leaves the end; that the log has grown since is no wish to stay behind.
    const left = node.scrollTop < top.current - 1;
    top.current = node.scrollTop;
    if (following ? left : below < 4 && isAtEnd(part)) {
      onFollowing(!following);
    }
    if (node.scrollTop < NEAR_PX && part.start > 0) {
      void reader.before();
    }
    if (below < NEAR_PX && !isAtEnd(part)) {
      void reader.after();
    }
  };

  useImperativeHandle(
    props.handle,
    () => ({
      show: place => show(place, 'middle'),
      uppermost: () => part.lines[indexAt(page.current?.scrollTop ?? 0)]?.at ?? 0,
      page: () => page.current
    }),
    [show, indexAt, part]
  );

  const digits = part.number === null ? 0 : String(part.number + part.lines.length).length;
  return (
    <div
      ref={page}
      className="jp-Training-log"
      data-wrap={wrap}
      tabIndex={0}
      role="group"
      aria-label={props.label}
      onScroll={onScroll}
      onKeyDown={props.onKeyDown}
    >
      <div className="jp-Training-logAll" style={{ height }}>
        {drawn.map(item => {
          const line = part.lines[item.index];
          return (
            line && (
              <div
                key={item.key}
                ref={wrap ? measure : undefined}
                data-index={item.index}
                className="jp-Training-logRow"
                data-current={line.at === props.current || undefined}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {part.number !== null && (
                  <span className="jp-Training-logNumber" style={{ width: `${digits}ch` }} aria-hidden="true">
                    {part.number + item.index}
                  </span>
                )}
                <Words line={line} mark={props.mark} />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function lineHeight(): number {
  return LINE_PX;
}

function Words({ line, mark }: { line: LogLine; mark: RegExp | null }): JSX.Element {
  const drawn = useMemo(() => marked(runs(line.text), mark), [line.text, mark]);
  return (
    <span className="jp-Training-logText">
      {drawn.map((run, place) =>
        run.style === '' && run.colour === null ? (
          run.text
        ) : (
          <span
            key={place}
            className={run.style}
            style={run.colour === null ? undefined : { color: `color-mix(in srgb, ${run.colour} 60%, var(--jp-content-font-color0))` }}
          >
            {run.text}
          </span>
        )
      )}
      {'\n'}
    </span>
  );
}
