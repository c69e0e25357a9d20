/** Bundler plugins for building the page. */

import type { BunPlugin } from "bun";

/**
 * `@hpke/common` imports Node's `crypto` where there is no WebCrypto. Every browser has WebCrypto,
 * and the bundler would add 500 kB.
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

/** Imports of the page and `virtua`, with their replacements in a browser. */
const REACT: Readonly<Record<string, string>> = {
  react: "preact/compat",
  "react-dom": "preact/compat",
  "react-dom/client": "preact/compat/client",
  "react/jsx-runtime": "preact/compat/jsx-runtime",
  "react/jsx-dev-runtime": "preact/compat/jsx-dev-runtime", // For development builds.
};

/** 50 kB less on the wire than React DOM. */
const withPreact: BunPlugin = {
  name: "with-preact",
  setup(build) {
    build.onResolve({ filter: /^react(-dom)?(\/|$)/ }, ({ path }) => {
      return { path: Bun.resolveSync(REACT[path] ?? path, import.meta.dir) };
    });
  },
};

export const PAGE_PLUGINS: readonly BunPlugin[] = [withoutNodeCrypto, withPreact];
