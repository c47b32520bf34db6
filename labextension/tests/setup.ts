/** What JupyterLab's modules look for at import and jsdom lacks. */

class Nothing {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}

Object.assign(globalThis, {
  CSS: globalThis.CSS ?? { escape: (text: string) => text },
  DragEvent: globalThis.DragEvent ?? class extends Event {},
  ResizeObserver: globalThis.ResizeObserver ?? Nothing,
  IntersectionObserver: globalThis.IntersectionObserver ?? Nothing,
  requestIdleCallback: (run: () => void) => setTimeout(run, 0),
  cancelIdleCallback: (id: number) => clearTimeout(id),
  IS_REACT_ACT_ENVIRONMENT: true
});

if (Reflect.get(window, 'matchMedia') === undefined) {
  const none = (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined
  });
  Object.assign(globalThis, { matchMedia: none });
}
