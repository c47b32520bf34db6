/** The cell that teaches: it needs nothing, takes ten seconds, and draws a curve. */
export const LOAD_LINE = '%load_ext jupyter_training';

export const FIRST_CELL = `%%train first
import time
from jupyter_training import report

for step in range(20):
    time.sleep(0.5)
    report(step=step, loss=1 / (step + 1))`;
