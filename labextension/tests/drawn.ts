import { until } from './server';

/** Wait until what is expected is drawn, as React draws without a test: what comes from lazy code comes by itself. */
export async function drawn(expected: () => void): Promise<void> {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
  try {
    await until(expected);
  } finally {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  }
}
