import { expect, test } from "bun:test";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { PAGE_PLUGINS } from "../../../src/cli/page-plugins.ts";

const ROOT = join(import.meta.dir, "../../..");
const SRC = join(ROOT, "src");
const LAZY_BYTES_MAX = 45_000;

interface Output {
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
  readonly entryPoint?: string;
}

async function pageWithEngine() {
  const entry = join(SRC, "web", "sealed-entry.ts");
  const engine = ["engine", "file-stream", "safety-number", "secrets", "state-box"];
  const parts = engine.map((name) => `import("../crypto/seal/${name}.ts")`);
  const built = await Bun.build({
    entrypoints: [entry],
    files: { [entry]: `import "./page.tsx"; globalThis.seal = () => [${parts.join(", ")}];` },
    target: "browser",
    minify: true,
    splitting: true,
    metafile: true,
    plugins: [...PAGE_PLUGINS],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const outputs = (built.metafile?.outputs ?? {}) as Readonly<Record<string, Output>>;
  const files = new Map<string, Uint8Array>();
  for (const output of built.outputs) {
    files.set(output.path, new Uint8Array(await output.arrayBuffer()));
  }
  return { outputs, files, inputs: Object.keys(built.metafile?.inputs ?? {}) };
}

function closure(outputs: Readonly<Record<string, Output>>, first: readonly string[]) {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const next of outputs[path]?.imports ?? []) {
      if (next.kind !== "dynamic-import") visit(next.path);
    }
  };
  for (const path of first) visit(path);
  return found;
}

test("the engine adds little to the page's size and loads on demand", async () => {
  const { outputs, files, inputs } = await pageWithEngine();
  expect(inputs.filter((path) => /^node:|node-fallback/.test(path))).toEqual([]);
  const paths = Object.keys(outputs);
  const holding = (text: string) =>
    paths.filter((path) => Buffer.from(files.get(path) ?? []).includes(text));
  const [entry = ""] = paths.filter((path) => outputs[path]?.entryPoint?.includes("sealed-entry"));
  const eager = closure(outputs, [entry]);
  const [engine = ""] = holding("MLS 1.0 external init secret");
  expect(eager.has(engine)).toBe(false);
  const lazy = [
    ...closure(
      outputs,
      paths.filter((path) => !eager.has(path)),
    ),
  ].filter((path) => !eager.has(path));
  // Excludes lazily loaded modules of the page, such as its second language.
  const needed = closure(outputs, [engine]);
  const own = lazy.filter((path) => needed.has(path) || isOfSeal(files.get(path)));
  const sizes = own.map((path) => files.get(path) ?? new Uint8Array(0));
  const gzip = sizes.reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0);
  const brotli = sizes.reduce((sum, bytes) => sum + brotliCompressSync(bytes).length, 0);
  expect(gzip).toBeLessThan(LAZY_BYTES_MAX);
  expect(brotli).toBeGreaterThan(10_000);
  expect(brotli).toBeLessThan(gzip);
});

function isOfSeal(bytes: Uint8Array | undefined): boolean {
  const text = Buffer.from(bytes ?? []).toString();
  return ["chat-safety-v1", "chat-file-v1", "chat/1 seal"].some((part) => text.includes(part));
}
