/** The focus, which goes back where it was once a question has been answered. */

/** Remember what has the focus. What it gives hands it back, unless something else has taken it meanwhile. */
export function keptFocus(): () => void {
  const from = document.activeElement as HTMLElement | null;
  const key = from?.dataset.key;
  return () => {
    requestAnimationFrame(() => {
      if (document.activeElement !== document.body || from === null || from === document.body) {
        return;
      }
      // A row that moved while the question stood is another element: JupyterLab gives the focus back to none.
      const moved = key === undefined ? null : document.querySelector<HTMLElement>(`.jp-Training [data-key="${CSS.escape(key)}"]`);
      (from.isConnected ? from : moved)?.focus({ preventScroll: true });
    });
  };
}
