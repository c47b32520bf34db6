/** One line for a notebook whose kernel has no `%%train`: the way to give it one. */
import { useEffect, useState } from 'react';
import { troubleFrom } from '../../api/http';
import { useRoom } from '../../parts/room';
import { KernelWatch } from './kernel';
import type { Knows } from './kernel';
import type { Desk } from './mount';

export function KernelLine({ desk }: { desk: Desk }): JSX.Element | null {
  const { session, trans } = useRoom();
  const { notebooks } = desk;
  const [watch, setWatch] = useState<KernelWatch | null>(null);
  const [knows, setKnows] = useState<Knows>('unasked');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  useEffect(() => {
    if (notebooks === null) {
      return undefined;
    }
    const made = new KernelWatch(notebooks, () => {
      setRefusal(null);
      setKnows(made.knows);
    });
    setWatch(made);
    return () => made.dispose();
  }, [notebooks]);

  if (watch === null || (knows !== 'absent' && knows !== 'unloaded')) {
    return null;
  }
  const teach = (): void => {
    setBusy(true);
    setRefusal(null);
    watch
      .teach(session, trans)
      .catch((reason: unknown) => setRefusal(troubleFrom(reason).message))
      .finally(() => setBusy(false));
  };
  return (
    <div className="jp-Training-kernel">
      <span>{trans.__('This kernel does not know %1.', '%%train')}</span>
      <button
        type="button"
        className="jp-Training-button"
        disabled={busy}
        onClick={teach}
        title={
          knows === 'absent'
            ? trans.__("Lend this server's copy of the magics to the kernel, until it is restarted")
            : trans.__('Runs %1 in the kernel', '%load_ext jupyter_training')
        }
      >
        {knows === 'absent' ? trans.__('Use in this kernel') : trans.__('Load')}
      </button>
      {refusal !== null && (
        <span className="jp-Training-refusal" role="alert">
          {refusal}
        </span>
      )}
    </div>
  );
}
