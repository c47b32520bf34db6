import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['**/types.gen.ts', '**/lib/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['labextension/**/*.{ts,tsx}'],
    plugins: { '@jupyter': jupyter },
    languageOptions: { parserOptions: { project: './labextension/tsconfig.check.json' } },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error'
    }
  }
);
