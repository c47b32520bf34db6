/** A cloud of points, those of a front in the accent and joined by a line. Knows no Jupyter. */
import { useEffect, useRef, useState } from 'react';
import { figure } from '../model/wording';

export interface Point {
  readonly key: string | number;
  readonly x: number;
  readonly y: number;
  readonly isFront: boolean;
  readonly words: string;
}

interface Props {
  readonly points: readonly Point[];
  readonly x: string;
  readonly y: string;
  readonly height: number;
  /** The cloud for those who do not see it. */
  readonly label: string;
  readonly onOpen: (key: Point['key']) => void;
}

const LEFT = 56;
const BELOW = 20;
const EDGE = 8;

export function Scatter({ points, x, y, height, label, onOpen }: Props): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(300);
  useEffect(() => {
    const node = frame.current;
    if (node === null) {
      return undefined;
    }
    const fit = new ResizeObserver(() => node.clientWidth > 0 && setWidth(node.clientWidth));
    fit.observe(node);
    return () => fit.disconnect();
  }, []);
  const [left, right] = reach(points.map(point => point.x));
  const [low, high] = reach(points.map(point => point.y));
  const [wide, tall] = [width - LEFT - 2 * EDGE, height - BELOW - 2 * EDGE];
  const across = (of: number): number => LEFT + EDGE + (wide * (of - left)) / (right - left);
  const up = (of: number): number => EDGE + (tall * (high - of)) / (high - low);
  const front = points.filter(point => point.isFront).sort((a, b) => a.x - b.x);
  return (
    <div ref={frame} className="jp-Training-cloud" style={{ height }}>
      <svg width={width} height={height} role="img" aria-label={label}>
        <path className="jp-Training-cloudAxes" d={`M${LEFT} 0V${height - BELOW}H${width}`} />
        {[low, high].map(of => (
          <text key={`y${of}`} x={LEFT - 6} y={up(of) + 4} textAnchor="end">
            {figure(of)}
          </text>
        ))}
        {[left, right].map((of, place) => (
          <text key={`x${of}`} x={across(of)} y={height - 4} textAnchor={place === 0 ? 'start' : 'end'}>
            {figure(of)}
          </text>
        ))}
        <text x={LEFT + wide / 2} y={height - 4} textAnchor="middle">
          {x}
        </text>
        <text transform={`translate(12 ${EDGE + tall / 2}) rotate(-90)`} textAnchor="middle">
          {y}
        </text>
        <path className="jp-Training-cloudFront" d={front.map((point, place) => `${place === 0 ? 'M' : 'L'}${across(point.x).toFixed(1)} ${up(point.y).toFixed(1)}`).join('')} />
        {points.map(point => (
          <circle
            key={point.key}
            cx={across(point.x)}
            cy={up(point.y)}
            r={point.isFront ? 4.5 : 3}
            data-front={point.isFront}
            onClick={() => onOpen(point.key)}
          >
            <title>{point.words}</title>
          </circle>
        ))}
      </svg>
    </div>
  );
}

/** From the least to the most; never of no length. */
function reach(values: readonly number[]): readonly [number, number] {
  const low = values.reduce((least, value) => Math.min(least, value), Infinity);
  const high = values.reduce((most, value) => Math.max(most, value), -Infinity);
  return high > low ? [low, high] : low === Infinity ? [0, 1] : [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
}
