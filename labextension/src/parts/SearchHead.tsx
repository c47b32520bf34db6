/** How a search stands: state, name, time, what can be done, how far it is, and the best so far. For card and detail. */
import type { Experiment } from '../api/experiments';
import { bests } from '../model/searching';
import { isEnded } from '../model/select';
import { between, exact, figure, short, span, value, wholeSpan } from '../model/wording';
import { useDoors } from '../renderers/job/doors';
import { CommandIds } from '../tokens';
import { useNow, useRoom } from './room';
import { SearchActions } from './SearchActions';
import { arrow, countWords } from './searchWords';
import { StateIcon } from './StateIcon';
import { phaseWord } from './words';

const CONFIG_SHOWN = 8;

interface Props {
  readonly search: Experiment;
  readonly seen: boolean;
  /** Whether it leads to the search's own view. */
  readonly opens?: boolean;
}

export function SearchHead({ search, seen, opens = false }: Props): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  const ended = isEnded(search);
  const now = useNow(ended || !seen ? 0 : 1000);
  const begun = search.started ?? search.submitted;
  const lasted = between(begun, search.ended, Math.max(now, Date.now())) ?? 0;
  const plain = search.phase === 'running' || search.phase === 'starting';
  return (
    <>
      <div className={opens ? 'jp-Training-cardHead' : 'jp-Training-detailTitle'}>
        <span className="jp-Training-state" data-phase={search.phase}>
          <StateIcon phase={search.phase} />
          <span role="status" aria-label={trans.__('%1 is %2', search.name, phaseWord(trans, search.phase))}>
            {phaseWord(trans, search.phase)}
          </span>
        </span>
        {opens ? (
          <strong className="jp-Training-cardName" title={search.name}>
            {search.name}
          </strong>
        ) : (
          <h2 title={search.name}>{search.name}</h2>
        )}
        <span className="jp-Training-faint" title={search.id}>
          {short(search.id)}
        </span>
        {search.archived && <span className="jp-Training-chip">{trans.__('archived')}</span>}
        <span className="jp-Training-faint jp-Training-lasted" title={exact(begun)}>
          {ended ? span(lasted) : wholeSpan(lasted)}
        </span>
        <span className="jp-Training-buttons">
          <SearchActions search={search} doors={doors} />
          {opens && doors.hasCommand(CommandIds.search) && (
            <button
              type="button"
              className="jp-Training-button"
              aria-label={trans.__('Open %1', search.name)}
              title={trans.__('Show all trials, curves and the space of the search')}
              onClick={() => void doors.execute(CommandIds.search, { experiment: search.id })}
            >
              {trans.__('Open')}
            </button>
          )}
        </span>
      </div>
      {!plain && <p className="jp-Training-sentence">{search.sentence}</p>}
      <Notes search={search} />
      {!ended && <Far search={search} />}
      <Best search={search} />
    </>
  );
}

function Notes({ search }: { search: Experiment }): JSX.Element | null {
  return search.notes.length === 0 ? null : (
    <div className="jp-Training-notes" role="status">
      {search.notes.map(note => (
        <p key={note} className="jp-Training-faint">
          {note}
        </p>
      ))}
    </div>
  );
}

/** How many of its trials are over, as a bar, and what became of them, in words. */
function Far({ search }: { search: Experiment }): JSX.Element {
  const { trans } = useRoom();
  const words = countWords(trans, search);
  const going = ['running', 'queued', 'paused', 'held'].reduce((sum, state) => sum + (search.counts[state] ?? 0), 0);
  const done = search.total === null || search.total === 0 ? null : Math.min(1, (search.trials - going) / search.total);
  return (
    <div className="jp-Training-progress">
      {done !== null && (
        <div className="jp-Training-track" role="progressbar" aria-label={words} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(100 * done)}>
          <div className="jp-Training-bar" style={{ transform: `scaleX(${done})` }} />
        </div>
      )}
      <span className="jp-Training-faint">{words}</span>
    </div>
  );
}

function Best({ search }: { search: Experiment }): JSX.Element | null {
  const { trans } = useRoom();
  const doors = useDoors();
  const { best, metrics } = search;
  if (best === null) {
    return null;
  }
  return (
    <div className="jp-Training-figures">
      {bests(search, best).map(({ trial, job, value: top }, place) => {
        const words = trans.__('trial %1', trial);
        return (
          <span key={metrics[place]}>
            {metrics[place]} <b>{figure(top)}</b> {arrow(search, place)}{' '}
            <span className="jp-Training-faint">
              {trans.__('best, by')}{' '}
              {doors.hasCommand(CommandIds.detail) ? (
                <button type="button" className="jp-Training-link" title={trans.__('Open the best trial')} onClick={() => void doors.execute(CommandIds.detail, { job })}>
                  {words}
                </button>
              ) : (
                words
              )}
            </span>
          </span>
        );
      })}
      <span className="jp-Training-params">
        {Object.entries(best.config)
          .slice(0, CONFIG_SHOWN)
          .map(([name, given]) => (
            <span key={name} title={`${name} = ${JSON.stringify(given)}`}>
              {name} {value(given)}
            </span>
          ))}
      </span>
    </div>
  );
}
