/** What can be wished of one search, where it stands. Which verbs those are the server says; a refusal is said here too. */
import { useRef, useState } from 'react';
import { troubleFrom } from '../api/http';
import type { Experiment, ExperimentVerb } from '../api/experiments';
import { isEnded } from '../model/select';
import type { Doors } from '../renderers/job/doors';
import { CommandIds } from '../tokens';
import { Button } from './Actions';
import { useRoom } from './room';

interface Said {
  readonly words: string;
  readonly bad: boolean;
  /** Whether the search had ended by then; once that is otherwise, it is no news. */
  readonly ended: boolean;
}

export function SearchActions({ search, doors }: { search: Experiment; doors: Pick<Doors, 'hasCommand' | 'execute'> }): JSX.Element {
  const { session, trans } = useRoom();
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState<Said | null>(null);
  const { name, best } = search;
  const latest = useRef(search);
  latest.current = search;
  const say = (words: string, bad: boolean): void => setSaid({ words, bad, ended: isEnded(latest.current) });
  const may = (verb: ExperimentVerb): boolean => search.verbs.includes(verb);
  const ask = (verb: ExperimentVerb): void => {
    setBusy(true);
    setSaid(null);
    const asked = verb === 'extend' ? import('../commands/searching').then(({ extend }) => extend(session, trans, search)) : session.actOn(verb, search.id);
    asked
      .then(
        notes => notes.length > 0 && say(notes.join(' '), false),
        (reason: unknown) => say(troubleFrom(reason).message, true)
      )
      .finally(() => setBusy(false));
  };
  const killing = search.desired === 'kill' && !isEnded(search);
  const button = { busy, ask };
  return (
    <>
      {said?.ended === isEnded(search) && (
        <span className={said.bad ? 'jp-Training-refusal' : 'jp-Training-faint'} role={said.bad ? 'alert' : 'status'}>
          {said.words}
        </span>
      )}
      {may('retry_failed') && (
        <Button
          {...button}
          verb="retry_failed"
          word={trans.__('Retry failed')}
          name={trans.__('Retry the failed trials of %1', name)}
          title={trans.__('Try the failed trials again, and only those')}
          icon={<path d="M12.5 8a4.5 4.5 0 1 1-1.4-3.3M12.6 2.6v2.9H9.7" />}
        />
      )}
      {may('activate') && (
        <Button
          {...button}
          verb="activate"
          word={trans.__('Activate')}
          name={trans.__('Activate %1', name)}
          title={trans.__('Let the search go on')}
          icon={<path d="M5 3.5l7 4.5-7 4.5z" />}
        />
      )}
      {may('cancel') ? (
        <Button
          {...button}
          verb="cancel"
          word={trans.__('Stop')}
          name={trans.__('Stop %1', name)}
          title={trans.__('Start no more trials, and stop those that run')}
          icon={<rect x="4" y="4" width="8" height="8" className="jp-Training-solid" />}
        />
      ) : (
        (may('kill') || killing) && (
          <Button
            {...button}
            busy={busy || killing}
            verb="kill"
            word={killing ? trans.__('Killing…') : trans.__('Kill')}
            name={trans.__('Kill %1', name)}
            title={trans.__('End all of its trials at once, without checkpoints')}
            icon={<path d="M4 4l8 8M12 4l-8 8" />}
          />
        )
      )}
      {may('pause') && (
        <Button
          {...button}
          verb="pause"
          word={trans.__('Pause')}
          name={trans.__('Pause %1', name)}
          title={trans.__('Start no more trials, and pause those that can go on from a checkpoint')}
          icon={<path d="M5.5 4v8M10.5 4v8" />}
        />
      )}
      {may('extend') && (
        <Button
          {...button}
          verb="extend"
          word={trans.__('Extend…')}
          name={trans.__('Extend %1', name)}
          title={trans.__('Let it try more configurations')}
          icon={<path d="M8 3.5v9M3.5 8h9" />}
        />
      )}
      {best !== null && doors.hasCommand(CommandIds.clone) && (
        <Button
          busy={false}
          ask={() => void doors.execute(CommandIds.clone, { job: best.job })}
          verb="clone"
          word={trans.__('Clone best')}
          name={trans.__('Clone the best trial of %1 into a cell', name)}
          title={trans.__('Put a cell with the configuration of the best trial into the notebook')}
          icon={<path d="M5.5 5.5h7v7h-7zM3.5 10.5v-7h7" />}
        />
      )}
    </>
  );
}
