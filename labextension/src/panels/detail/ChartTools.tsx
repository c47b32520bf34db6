/** How the curves are drawn: over what, on which scale, in one chart or many, how smooth. */
import type { Axis } from '../../model/series';
import { useRoom } from '../../parts/room';

interface Props {
  readonly axis: Axis;
  readonly log: boolean;
  readonly together: boolean;
  readonly smoothing: number;
  readonly zoomed: boolean;
  readonly onAxis: (axis: Axis) => void;
  readonly onLog: (log: boolean) => void;
  readonly onTogether: (together: boolean) => void;
  readonly onSmoothing: (weight: number) => void;
  readonly onWhole: () => void;
}

export function ChartTools(props: Props): JSX.Element {
  const { trans } = useRoom();
  return (
    <div className="jp-Training-tools" role="group" aria-label={trans.__('How the curves are drawn')}>
      <label>
        {trans.__('over')}{' '}
        <select value={props.axis} onChange={event => props.onAxis(event.target.value as Axis)}>
          <option value="step">{trans.__('steps')}</option>
          <option value="time">{trans.__('time')}</option>
          <option value="clock">{trans.__('clock')}</option>
        </select>
      </label>
      <label>
        <input type="checkbox" checked={props.log} onChange={event => props.onLog(event.target.checked)} />
        {trans.__('log scale')}
      </label>
      <label>
        <input type="checkbox" checked={props.together} onChange={event => props.onTogether(event.target.checked)} />
        {trans.__('in one chart')}
      </label>
      <label>
        {trans.__('smoothing')}
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={props.smoothing}
          onChange={event => props.onSmoothing(Number(event.target.value))}
        />
        <output>{props.smoothing.toFixed(2)}</output>
      </label>
      <button type="button" className="jp-Training-button" disabled={!props.zoomed} onClick={props.onWhole}>
        {trans.__('Show all')}
      </button>
    </div>
  );
}
