/**
 * What our bundle does otherwise than JupyterLab's builder would: styles are made small before they become text,
 * and what several lazy parts share is one file. Loaded by itself each shared piece would be small and pack badly:
 * all of it together was 8 kB larger in fifty files than in twenty-five.
 */
const { SwcJsMinimizerRspackPlugin } = require('@rspack/core');

module.exports = {
  module: {
    rules: [{ test: /\.css$/, enforce: 'pre', loader: 'builtin:lightningcss-loader', options: { minify: true } }]
  },
  optimization: {
    minimizer: [
      new SwcJsMinimizerRspackPlugin({ minimizerOptions: { compress: { passes: 3, ecma: 2020 }, mangle: true, format: { comments: false } } })
    ],
    splitChunks: {
      chunks: 'async',
      cacheGroups: {
        default: false,
        defaultVendors: false,
        shared: { test: /labextension.lib/, minChunks: 2, minSize: 0, name: 'shared' },
        borrowed: { test: /node_modules/, minChunks: 2, minSize: 500 }
      }
    }
  }
};
