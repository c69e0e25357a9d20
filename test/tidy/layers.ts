import { posix } from "node:path";
import {
  importsOf,
  patternRule,
  type Rule,
  type Source,
  SYSTEM_IMPORT,
  type Violation,
} from "./source.ts";

const LAYERS = [
  ["base"],
  ["wire"],
  ["core"],
  ["io", "crypto"],
  ["server", "client"],
  ["ui"],
  ["web", "cli"],
  ["commands"],
  ["main.ts"],
] as const;

/** Files that may import each package, so that a package can be replaced in one place. */
const PACKAGE_USERS: Readonly<Record<string, RegExp>> = {
  msgpackr: /^src\/wire\/codec\.ts$/,
  valibot: /^src\/(?:wire|core|io|server|cli)\//,
  citty: /^src\/(?:cli\/|commands\/|main\.ts$)/,
  consola: /^src\/(?:cli\/|commands\/|main\.ts$)/,
  "@peculiar/x509": /^src\/crypto\/certificate(?:-maker)?\.ts$/,
  "reflect-metadata": /^src\/crypto\/certificate(?:-maker)?\.ts$/,
  uqr: /^src\/base\/qr\.ts$/,
  "ts-mls": /^src\/crypto\/seal\//,
  "@hpke/core": /^src\/crypto\/seal\/suite\.ts$/,
  "@noble/hashes": /^src\/web\/browser\/hash\.ts$/,
  react: /^src\/web\/(?:view\/|page\.tsx$)/,
  preact: /^src\/web\/(?:view\/|page\.tsx$)/,
  virtua: /^src\/web\/view\//,
  uplot: /^src\/web\/view\/admin\/charts\.tsx$/,
  gemoji: /^src\/ui\/text\/emoji\.ts$/,
  "@block65/webcrypto-web-push": /^src\/crypto\/push-message\.ts$/,
  "bonjour-service": /^src\/io\/lan\/discovery\.ts$/,
  "smol-toml": /^src\/cli\/toml\.ts$/,
  "@nats-io/jetstream": /^src\/io\/nats\//,
  "@nats-io/transport-node": /^src\/io\/nats\//,
  "bun:sqlite": /^src\/io\//,
};

export const purity = patternRule("purity", /^src\/(?:base|wire|core)\//, [
  [/\basync\b|\bawait\b|\bPromise\b/, "pure layers are synchronous"],
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\b/, "pure layers receive the time"],
  [/\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/, "pure layers have no timers"],
  [/\bMath\.random\b|\bgetRandomValues\b|\brandomUUID\b/, "pure layers receive random numbers"],
  [/\bBun\.|\bprocess\.|\bglobalThis\b|\bfetch\(/, "pure layers do not access the system"],
  [SYSTEM_IMPORT, "pure layers do not access the system", "text"],
]);

export const shared = patternRule("shared", /^src\/ui\//, [
  [
    /(?<![.\w])(?:document|window|navigator|location|localStorage|indexedDB|matchMedia)\b(?!\??:)/,
    "ui does not access the DOM",
  ],
  [/(?<!typeof )\bimport\(/, "ui must not load modules dynamically"],
  [/^import (?!type )[^;]*?from "[./]+\/io\/[^"]*"/, "ui imports only types from io", "text"],
]);

/**
 * Records are appended by the kernel, which repeats a decision if its state changed before the
 * record is written.
 */
export const appends = patternRule("appends", /^src\/server\/(?!kernel\/)/, [
  [/\bappendThen\(|\b(?:accounts|history|log)\.append\(/, "records are written by the kernel"],
]);

export const layers: Rule = {
  name: "layers",
  check: (files) => files.filter(isSource).flatMap(layerViolations),
};

export const packages: Rule = {
  name: "packages",
  check: (files) => files.filter(isSource).flatMap(packageViolations),
};

function isSource({ path }: Source): boolean {
  return /^src\/.*\.tsx?$/.test(path);
}

function layerViolations(source: Source): Violation[] {
  const from = layerOf(source.path);
  const report = (line: number, message: string) => ({
    rule: "layers",
    path: source.path,
    line,
    message,
  });
  if (from === undefined) return [report(0, "belongs to no layer")];
  return importsOf(source).flatMap(({ line, specifier }) => {
    if (!specifier.startsWith(".")) return [];
    const path = posix.join(posix.dirname(source.path), specifier);
    const to = path.startsWith("src/") ? layerOf(path) : undefined;
    if (to === undefined) return [report(line, `imports ${specifier}, which belongs to no layer`)];
    if (to.folder === from.folder || to.rank < from.rank) return [];
    return [report(line, `${from.folder} must not import ${to.folder}: ${specifier}`)];
  });
}

function layerOf(path: string): { readonly folder: string; readonly rank: number } | undefined {
  const folder = path.split("/")[1] ?? "";
  const rank = LAYERS.findIndex((row) => row.some((name) => name === folder));
  return rank < 0 ? undefined : { folder, rank };
}

function packageViolations(source: Source): Violation[] {
  return importsOf(source).flatMap(({ line, specifier }) => {
    const name = packageOf(specifier);
    if (name === undefined) return [];
    const home = Object.hasOwn(PACKAGE_USERS, name) ? PACKAGE_USERS[name] : undefined;
    if (home?.test(source.path)) return [];
    const message =
      home === undefined
        ? `${name} is not listed in layers.ts`
        : `${name} must not be imported here`;
    return [{ rule: "packages", path: source.path, line, message }];
  });
}

function packageOf(specifier: string): string | undefined {
  if (specifier === "bun:sqlite") return specifier;
  if (/^(?:\.|node:|bun(?::|$))/.test(specifier)) return undefined;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
