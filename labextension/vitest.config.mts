import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: 'labextension',
    environment: 'jsdom',
    include: ['tests/**/*.test.{ts,tsx}'],
    testTimeout: 30_000,
    setupFiles: ['tests/setup.ts'],
    // JupyterLab's packages are written for a bundler; Node alone can't resolve all of their imports.
    server: { deps: { inline: [/@jupyterlab\//, /@lumino\//, /@jupyter\//] } }
  }
});
