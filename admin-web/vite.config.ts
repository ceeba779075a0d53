import { defineConfig } from 'vitest/config';

// Two pages share one build: the call page at / and the panel at /admin/. Nothing is inlined, so that both run under a
// Content-Security-Policy of "default-src 'self'".
export default defineConfig({
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: ['index.html', 'admin/index.html'] },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
