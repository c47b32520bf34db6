import { LabIcon } from '@jupyterlab/ui-components';

/** A curve that flattens out above its axes: what a good training looks like. */
export const trainingIcon = new LabIcon({
  name: 'jupyter-training:training',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<g class="jp-icon3" style="fill:none" stroke="#616161" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">' +
    '<path d="M4 4v16h16"/><path d="M7.5 16.5c2-8 6-9.5 12-9.5"/></g></svg>'
});
