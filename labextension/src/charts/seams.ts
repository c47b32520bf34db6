/** Where an attempt went on after another: a thin broken vertical. Knows no Jupyter. */
import uPlot from 'uplot';
import type { Seam } from '../model/series';

const NEAR_PX = 5;

export function drawSeams(made: uPlot, seams: readonly Seam[], stroke: string): void {
  const { ctx, bbox } = made;
  ctx.save();
  ctx.strokeStyle = stroke;
  ctx.lineWidth = uPlot.pxRatio;
  ctx.setLineDash([3 * uPlot.pxRatio, 3 * uPlot.pxRatio]);
  for (const seam of seams) {
    const x = Math.round(made.valToPos(seam.x, 'x', true)) + 0.5;
    if (x > bbox.left && x < bbox.left + bbox.width) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
  }
  ctx.restore();
}

/** The seam under the pointer, `left` pixels into the plot; of several at one step that of the newest attempt. */
export function seamNear(made: uPlot, seams: readonly Seam[], left: number): Seam | null {
  return [...seams].reverse().find(one => Math.abs(made.valToPos(one.x, 'x') - left) <= NEAR_PX) ?? null;
}
