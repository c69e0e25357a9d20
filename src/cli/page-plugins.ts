/** Bundler plugins for building the web page. */

import { join } from "node:path";
import type { BunPlugin } from "bun";

/** Omits Node's `crypto` (500 kB), which `@hpke/common` imports only where WebCrypto is missing. */
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

const REACT: Readonly<Record<string, string>> = {
  react: "preact/compat",
  "react-dom": "preact/compat",
  "react-dom/client": "preact/compat/client",
  "react/jsx-runtime": "preact/compat/jsx-runtime",
  "react/jsx-dev-runtime": "preact/compat/jsx-dev-runtime",
};

/** Replaces React DOM with Preact, which makes the compressed page 50 kB smaller. */
const withPreact: BunPlugin = {
  name: "with-preact",
  setup(build) {
    build.onResolve({ filter: /^react(-dom)?(\/|$)/ }, ({ path }) => {
      return { path: Bun.resolveSync(REACT[path] ?? path, import.meta.dir) };
    });
  },
};

/** Leaves the table of confusable letters (3 kB) to a file that the page loads after its start. */
const withLaterConfusables: BunPlugin = {
  name: "with-later-confusables",
  setup(build) {
    build.onResolve({ filter: /\/confusables\.ts$/ }, ({ path, importer }) =>
      importer.endsWith("display-names.ts") ? { path, namespace: "later" } : undefined,
    );
    build.onLoad({ filter: /confusables/, namespace: "later" }, () => ({
      contents: 'export const CONFUSABLES = "";',
      loader: "js",
    }));
  },
};

/** Lets the bundler omit those codecs of the MLS library that nothing calls. */
const withoutUnusedCodecs: BunPlugin = {
  name: "without-unused-codecs",
  setup(build) {
    build.onLoad({ filter: /[\\/]ts-mls[\\/]dist[\\/]src[\\/]/ }, async ({ path }) => {
      const text = await Bun.file(path).text();
      const contents = text.replaceAll(/^export const \w+ = (?=\w+\()/gm, "$&/* @__PURE__ */ ");
      return { contents, loader: "js" };
    });
  },
};

export const PAGE_PLUGINS: readonly BunPlugin[] = [
  withoutNodeCrypto,
  withPreact,
  withLaterConfusables,
  withoutUnusedCodecs,
];

/** Repository path when the program runs from source. A compiled program contains no such paths. */
export const ROOT = join(import.meta.dir, "..", "..");
export const MAIN_SOURCE = join(ROOT, "src", "main.ts");
export const PAGE_SOURCE = join(ROOT, "src", "web", "index.html");
