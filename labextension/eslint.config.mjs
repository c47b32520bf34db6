import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/types.gen.ts', '**/lib/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  { plugins: { jupyter } },
  ...jupyter.configs.recommended,
  {
    files: ['labextension/**/*.{ts,tsx}', '**/src/**/*.{ts,tsx}', '**/tests/**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/require-await': 'off', // React's act() flushes only what is async
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error'
    }
  }
);
