/** A state as a shape and a colour; the word beside it is said by whoever draws the icon. */
import type { Phase } from '../api/jobs';

const SHAPES: Record<Phase, JSX.Element> = {
  queued: (
    <>
      <circle cx="8" cy="8" r="5.5" className="jp-Training-line" />
      <path d="M8 8V4.8M8 8h2.4" className="jp-Training-line" />
    </>
  ),
  starting: <circle cx="8" cy="8" r="5.5" className="jp-Training-line" strokeDasharray="2.2 2.1" />,
  running: <circle cx="8" cy="8" r="4.5" className="jp-Training-fill" />,
  pausing: (
    <>
      <circle cx="8" cy="8" r="5.5" className="jp-Training-line" />
      <path d="M6.5 6v4M9.5 6v4" className="jp-Training-line" />
    </>
  ),
  paused: <path d="M5.5 4v8M10.5 4v8" className="jp-Training-line jp-mod-wide" />,
  stopping: (
    <>
      <circle cx="8" cy="8" r="5.5" className="jp-Training-line" strokeDasharray="2.2 2.1" />
      <rect x="6" y="6" width="4" height="4" className="jp-Training-fill" />
    </>
  ),
  succeeded: <path d="M3.5 8.5l3 3 6-7" className="jp-Training-line jp-mod-wide" />,
  failed: <path d="M4.3 4.3l7.4 7.4M11.7 4.3l-7.4 7.4" className="jp-Training-line jp-mod-wide" />,
  canceled: (
    <>
      <circle cx="8" cy="8" r="5.5" className="jp-Training-line" />
      <path d="M4.2 11.8l7.6-7.6" className="jp-Training-line" />
    </>
  ),
  unknown: (
    <>
      <path d="M6 6.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4" className="jp-Training-line" />
      <circle cx="8" cy="11.8" r="1" className="jp-Training-fill" />
    </>
  )
};

export function StateIcon({ phase }: { phase: Phase }): JSX.Element {
  return (
    <svg className="jp-Training-stateIcon" data-phase={phase} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[phase]}
    </svg>
  );
}
