/** The lines that can be seen, and no others. Sticks to the bottom while it is there; else stays where it is. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef } from 'react';
import type { KeyboardEvent, Ref } from 'react';
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
  const list = useVirtualizer({
    count: part.lines.length,
    getScrollElement: () => page.current,
    estimateSize: () => LINE_PX,
    getItemKey: place => place - part.shift,
    overscan: 20
  });

  // Wrapped lines have heights of their own.
  useEffect(() => list.measure(), [wrap, list]);

  const height = list.getTotalSize();
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
      const start = list.measurementsCache[place]?.start ?? place * LINE_PX;
      node.scrollTop = start + anchor.current.within;
    }
    top.current = node.scrollTop;
  }, [part, era, following, height, list]);

  const onScroll = (): void => {
    const node = page.current;
    if (node === null) {
      return;
    }
    const first = list.getVirtualItemForOffset(node.scrollTop);
    if (first) {
      anchor.current = { id: first.index - part.shift, within: node.scrollTop - first.start };
    }
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
      show: place => list.scrollToIndex(place, { align: 'center' }),
      uppermost: () => part.lines[list.getVirtualItemForOffset(page.current?.scrollTop ?? 0)?.index ?? 0]?.at ?? 0,
      page: () => page.current
    }),
    [list, part]
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
        {list.getVirtualItems().map(item => {
          const line = part.lines[item.index];
          return (
            line && (
              <div
                key={item.key}
                ref={wrap ? list.measureElement : undefined}
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
