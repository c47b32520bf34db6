/** Opens the context menu below a row. With Shift held, JupyterLab would leave it to the browser's own. */
export function menuAt(row: HTMLElement): void {
  const { left, top } = row.getBoundingClientRect();
  row.dispatchEvent(new window.MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: left + 24, clientY: top + 24 }));
}
