/** What the bundler is told of packages when it builds the page. */
import type { BunPlugin } from "bun";

/**
 * `@hpke/common` asks for Node's `crypto` where there is no WebCrypto. Every browser has it, and
 * the bundler would put 500 kB in its place.
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

/** What the page and `virtua` import, and what stands behind it in a browser. */
const REACT: Readonly<Record<string, string>> = {
  react: "preact/compat",
  "react-dom": "preact/compat",
  "react-dom/client": "preact/compat/client",
  "react/jsx-runtime": "preact/compat/jsx-runtime",
  "react/jsx-dev-runtime": "preact/compat/jsx-dev-runtime", // When it is built for development.
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
