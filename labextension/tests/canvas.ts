/** A canvas that is drawn on and never seen: jsdom has none, and charts begin by asking for it. */
import { vi } from 'vitest';

export function withoutCanvas(): void {
  class Nowhere {
    moveTo(): void {}
    lineTo(): void {}
    arc(): void {}
    rect(): void {}
    addPath(): void {}
  }
  vi.stubGlobal('Path2D', Nowhere);
  const drawing: object = new Proxy(
    { measureText: () => ({ width: 10 }) },
    {
      get: (own: object, name) => Reflect.get(own, name) as unknown ?? (() => undefined),
      set: () => true
    }
  );
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(drawing as never);
}
