import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import data from "@mdn/browser-compat-data" with { type: "json" };
import { buildPage } from "../../../src/cli/web/page-build.ts";

/** Tables of the features of browsers. */
interface Feature {
  readonly __compat?: { readonly support: Readonly<Record<string, unknown>> };
  readonly [name: string]: Feature | Feature["__compat"];
}
const FEATURES = data as unknown as Feature;

const page = await buildPage({ small: false });
const textOf = (extension: string) =>
  [...page.files]
    .filter(([path]) => path.endsWith(extension))
    .map(([, { identity }]) => Buffer.from(identity).toString())
    .join("\n");
const SCRIPTS = textOf(".js");
const SHEETS = textOf(".css");

const GUIDE = readFileSync(join(import.meta.dir, "../../../docs/browser.md"), "utf8");

/** Oldest versions in the guide, by the names of the tables. */
const OLDEST: Readonly<Record<string, string>> = (() => {
  const version = (name: string) => {
    const [, found = ""] = new RegExp(`\\| ${name} \\| ([\\d.]+) \\|`).exec(GUIDE) ?? [];
    expect([name, found]).not.toContain("");
    return found;
  };
  const safari = version("Safari, also on iPhone and iPad");
  return {
    chrome: version("Chrome, Edge"),
    firefox: version("Firefox"),
    safari,
    safari_ios: safari,
  };
})();

/** Features that `newer-methods.ts` adds, or `curves.ts`. */
const REPLACED = new Set(
  [
    "toHex toBase64 fromBase64 withResolvers canParse groupBy toReversed toSorted toSpliced with",
    "isWellFormed toWellFormed any Segmenter segment containing",
  ].flatMap((names) => names.split(" ")),
);

/** Methods of libraries behind a question, and methods of this program with the same name. */
const OTHER_METHODS = new Set([
  ...["transfer", "fromHex", "adopt", "use", "move", "pause", "drop", "take", "error"],
]);

/** Properties, selectors and functions without which the page only looks plainer. */
const OPTIONAL_STYLES = new Set(
  [
    "accent-color contain-intrinsic-size content-visibility field-sizing forced-color-adjust",
    "hyphens mask-image overflow-anchor overflow-clip-margin print-color-adjust resize",
    "scrollbar-width user-select",
    "-webkit-tap-highlight-color -webkit-touch-callout -webkit-search-cancel-button starting-style",
    "has highlight",
    // A printed door has the margins of the browser, on the paper that it has chosen.
    "page size",
    // The build adds a value without it.
    "color-mix",
  ].flatMap((names) => names.split(" ")),
);

/** Features without which the page does not work at all. */
const NEEDED = [
  "javascript.regular_expressions.lookbehind_assertion",
  "javascript.regular_expressions.unicode_character_class_escape",
  "javascript.classes.static.initialization_blocks",
  "javascript.classes.private_class_fields",
  "javascript.operators.await.top_level",
  "javascript.operators.optional_chaining",
  "javascript.operators.nullish_coalescing_assignment",
  "javascript.builtins.Array.findLast",
  "javascript.builtins.Array.at",
  "javascript.builtins.Object.hasOwn",
  "javascript.builtins.String.replaceAll",
  "javascript.builtins.WeakRef",
  "api.structuredClone",
  "api.CompressionStream", // Stands for the expressions in the first script.
  "api.HTMLElement.inert",
  "api.HTMLDialogElement.showModal",
  "api.AbortSignal.timeout_static",
  "api.LockManager.request",
  "css.at-rules.layer",
  "css.at-rules.container",
  "css.properties.inset-inline",
  "css.properties.aspect-ratio",
];

function isNewer(version: string, than: string): boolean {
  const [a, b] = [version, than].map((each) => each.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** @returns the browsers that lack the feature in their oldest version */
function lacking({ __compat }: Feature): readonly string[] {
  return Object.entries(OLDEST).flatMap(([browser, oldest]) => {
    const supports = [__compat?.support[browser] ?? []].flat() as Record<string, unknown>[];
    const isThere = supports.some(({ version_added: added, ...support }) => {
      const version = typeof added === "string" ? added.replace("≤", "") : "";
      const isOld = /^\d/.test(version) && !isNewer(version, oldest);
      const isGone = "version_removed" in support && !("partial_implementation" in support);
      return isOld && !isGone && !("flags" in support) && !("prefix" in support);
    });
    return isThere || supports.length === 0 ? [] : [`${browser} ${oldest}`];
  });
}

function at(path: string): Feature {
  const found = path.split(".").reduce<Feature | undefined>((feature, name) => {
    return feature?.[name] as Feature | undefined;
  }, FEATURES);
  if (found?.__compat === undefined) throw new Error(`${path} is unknown`);
  return found;
}

function partsOf(feature: Feature): readonly (readonly [name: string, feature: Feature])[] {
  const parts = Object.entries(feature).filter(([name]) => name !== "__compat");
  return parts as unknown as readonly (readonly [string, Feature])[];
}

describe("the oldest browsers of the guide", () => {
  test("have each feature that the page needs", () => {
    const missing = NEEDED.map((path) => [path, lacking(at(path))] as const);
    expect(missing.filter(([, browsers]) => browsers.length > 0)).toEqual([]);
  });

  test("have each method that the page calls, or get a replacement", () => {
    const builtins = FEATURES["javascript"]?.["builtins" as never] as unknown as Feature;
    const groups = [...partsOf(builtins), ...partsOf(builtins["Intl"] as Feature)];
    const known = new Map<string, boolean>();
    for (const [name, feature] of [...groups, ...groups.flatMap(([, group]) => partsOf(group))])
      if (feature.__compat !== undefined)
        known.set(name, known.get(name) === true || lacking(feature).length === 0);
    const unknown = [...known].filter(([name, isThere]) => {
      if (isThere || !/^\w+$/.test(name) || REPLACED.has(name)) return false;
      if (OTHER_METHODS.has(name)) return false;
      return new RegExp(`[.?]${name}\\(|new (?:Intl\\.)?${name}\\b`).test(SCRIPTS);
    });
    expect(unknown.map(([name]) => name)).toEqual([]);
    expect(known.get("groupBy")).toBe(false); // The tables are read.
    expect(SCRIPTS).toContain("Map.groupBy(");
  });

  test("have each style, or do without it", () => {
    const css = FEATURES["css"] as Feature;
    const used = (kind: string, pattern: (name: string) => RegExp) =>
      partsOf(css[kind] as Feature).filter(
        ([name, feature]) =>
          feature.__compat !== undefined &&
          !OPTIONAL_STYLES.has(name) &&
          lacking(feature).length > 0 &&
          pattern(name).test(SHEETS),
      );
    const unknown = [
      ...used("properties", (name) => new RegExp(`[;{]${name}:`)),
      ...used("selectors", (name) => new RegExp(`:${name}(?=[:{(,\\s)>~+.\\[#])(?![^{}]*;)`)),
      ...used("at-rules", (name) => new RegExp(`@${name}\\b`)),
      ...used("types", (name) => new RegExp(`\\b${name}\\(`)),
    ];
    expect(unknown.map(([name]) => name)).toEqual([]);
    expect(SHEETS).not.toMatch(/light-dark\(|[{};]\s*&|@scope|@property/);
  });

  test("can read colours that are not mixed", () => {
    const mixed = [...SHEETS.matchAll(/\{[^{}]*color-mix\([^{}]*\}/g)];
    expect(mixed.length).toBeGreaterThan(10);
    const outside = SHEETS.replaceAll(
      /@supports \(color:color-mix\(in srgb,red,red\)\)\{[^{}]*\{[^{}]*\}\}/g,
      "",
    );
    expect(outside.match(/[^{}]*\{[^{}]*color-mix\([^}]*/)?.[0]).toBeUndefined();
  });
});

test("every browser can run the script that says that it is too old", () => {
  const html = Buffer.from(page.files.get("/")?.identity ?? []).toString();
  const [, path = ""] = /<script src="([^"]+)">/.exec(html) ?? [];
  const script = Buffer.from(page.files.get(path)?.identity ?? []).toString();
  expect(script).toContain("data-old");
  const texts = script.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""').replaceAll(/\/\^#.*?\//g, "0");
  expect(texts).not.toMatch(/=>|`|\?\.|\?\?|\.\.\.|\b(?:let|const|class|async|await|of|import)\b/);
  expect(texts).not.toMatch(/catch\s*\{|\*\*/);
  expect(() => new Function(script)).not.toThrow();
});
