/** Bundler plugins for building the web page. */

import type { BunPlugin } from "bun";

/**
 * Removes Node's `crypto`, which `@hpke/common` imports on platforms without WebCrypto. Every
 * browser has WebCrypto, and the bundler would add 500 kB for `crypto`.
 */
const withoutNodeCrypto: BunPlugin = {
  name: "without-node-crypto",
  setup(build) {
    build.onResolve({ filter: /^crypto$/ }, ({ path }) => ({ path, namespace: "web" }));
    build.onLoad({ filter: /^crypto$/, namespace: "web" }, () => ({
      contents: "export const webcrypto = globalThis.crypto;",
      loader: "js",
    }));
  },
};

/** Imports of the page and of `virtua`, with their replacements in a browser. */
const REACT: Readonly<Record<string, string>> = {
  react: "preact/compat",
  "react-dom": "preact/compat",
  "react-dom/client": "preact/compat/client",
  "react/jsx-runtime": "preact/compat/jsx-runtime",
  "react/jsx-dev-runtime": "preact/compat/jsx-dev-runtime", // For development builds.
};

/** Replaces React DOM with Preact, which makes the page 50 kB smaller when compressed. */
const withPreact: BunPlugin = {
  name: "with-preact",
  setup(build) {
    build.onResolve({ filter: /^react(-dom)?(\/|$)/ }, ({ path }) => {
      return { path: Bun.resolveSync(REACT[path] ?? path, import.meta.dir) };
    });
  },
};

export const PAGE_PLUGINS: readonly BunPlugin[] = [withoutNodeCrypto, withPreact];
