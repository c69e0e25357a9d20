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

export const PAGE_PLUGINS: readonly BunPlugin[] = [withoutNodeCrypto];
