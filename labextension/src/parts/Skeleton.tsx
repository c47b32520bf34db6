/** What stands in a list's place while it is on its way: only after a moment, so that it does not flash. */
import { useEffect, useState } from 'react';

const AFTER_MS = 200;

export function Skeleton(): JSX.Element | null {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setLate(true), AFTER_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return late ? (
    <div className="jp-Training-skeleton" aria-hidden="true">
      {[0, 1, 2, 3, 4].map(row => (
        <i key={row} />
      ))}
    </div>
  ) : null;
}
