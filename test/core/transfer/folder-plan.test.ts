import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FOLDER_ENTRIES_MAX } from "../../../src/base/limits.ts";
import { FolderPlan, topEntry } from "../../../src/core/transfer/folder-plan.ts";
import { renamedComment } from "../../../src/core/transfer/renamed-comment.ts";
import type { ManifestEntry } from "../../../src/wire/manifest.ts";
import { sampleSize } from "../../samples.ts";

const file = (path: string): ManifestEntry => ({ path, size: 1, mode: 0o644, mtime: 5 });
const folder = (path: string): ManifestEntry => ({ path, dir: true, mode: 0o755, mtime: 7 });

/** Sorts the entries, as a manifest does. A trailing slash marks a folder. */
function planOf(paths: readonly string[], root = "") {
  const entries = [...paths]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((path) => (path.endsWith("/") ? folder(path.slice(0, -1)) : file(path)));
  const plan = new FolderPlan(root, entries);
  return { plan, entries, paths: entries.map((entry) => plan.pathOf(entry)) };
}

function namesOf(paths: readonly string[]): Record<string, string> {
  const { entries, paths: to } = planOf(paths);
  return Object.fromEntries(entries.map(({ path }, i) => [path, to[i] ?? ""]));
}

describe("folder plan", () => {
  test("separates the file and the folder of the field report", () => {
    const sent = ["report:1", "report?1/in.txt", "v1:a/", "v1?a/", "Assets/l.txt", "assets/l.txt"];
    expect(namesOf(sent)).toEqual({
      "report:1": "report_1",
      "report?1/in.txt": "report_1 (1)/in.txt",
      "v1:a": "v1_a",
      "v1?a": "v1_a (1)",
      "Assets/l.txt": "Assets/l.txt",
      "assets/l.txt": "assets (1)/l.txt",
    });
  });

  test("keeps names that need no change, also those of implied folders", () => {
    expect(namesOf(["a:/x", "a_/x", "b?", "b_", "N.txt", "n.txt", "n (1).txt"])).toEqual({
      "a:/x": "a_ (1)/x",
      "a_/x": "a_/x",
      "b?": "b_ (1)",
      b_: "b_",
      "N.txt": "N.txt",
      "n.txt": "n (2).txt",
      "n (1).txt": "n (1).txt",
    });
  });

  test("changes reserved, misleading and absolute-looking names in each folder", () => {
    const sent = ["con/aux.txt", "C:\\x/..\\y", "n\u202e/\u0007", "t./ s", `${"é".repeat(200)}/x`];
    expect(Object.values(namesOf(sent)).toSorted()).toEqual(
      ["C__x/.._y", "_con/_aux.txt", "n_/_", "t/s", `${"é".repeat(127)}/x`].toSorted(),
    );
  });

  test("lists renamed entries with paths relative to the folder", () => {
    expect(planOf(["a?/b?", "ok"], "/in/x.part").plan.renamed).toEqual([
      { from: "a?", to: "a_" },
      { from: "a?/b?", to: "a_/b_" },
    ]);
    expect(planOf(["a/b"], "/in/x.part").paths).toEqual(["/in/x.part/a/b"]);
  });

  test("numbers 1,000 names that become equal, with one attempt each", () => {
    const same = Array.from({ length: 1_000 }, (_, i) => `${"\u200b".repeat(i + 1)}x.txt`);
    const plan = new FolderPlan("", []);
    for (const path of [...same].sort()) plan.add(file(path));
    expect([...plan.complete()]).toHaveLength(1_000);
    expect(new Set(plan.files.map(({ path }) => path)).size).toBe(1_000);
    expect(plan.renamed.at(-1)?.to).toBe("x (999).txt");
  });

  test("rejects entries inside a file, and too many implied folders", () => {
    const code = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "none";
    };
    expect(code(() => planOf(["a", "a-b", "a/b"]))).toBe("folder-malformed");
    const deep = Array.from({ length: 100 }, (_, i) => `${`${i}/`.padEnd(2_100, "d/")}f`);
    expect(code(() => planOf(deep))).toBe("folder-malformed");
  });

  test("completes a folder of the largest size whose names all collide", () => {
    const half = FOLDER_ENTRIES_MAX / 2;
    const long = (i: number) => `${"x".repeat(249)}${i.toString(36).padStart(4, "0")}`;
    const exact = Array.from({ length: half }, (_, i) => long(i));
    const plan = new FolderPlan("", []);
    for (const path of exact) plan.add(file(path));
    for (const path of exact) plan.add(file(`${path}?`));
    let attempts = 0;
    for (const _ of plan.complete()) attempts++;
    expect(attempts).toBeLessThanOrEqual(FOLDER_ENTRIES_MAX);
  });

  test("gives unique paths that are a plan of themselves", () => {
    const name = fc.string({
      unit: fc.constantFrom("a", "A", "_", "?", ":", "é", "e", "\u0301", ".", " ", "(1)", "\u200d"),
      minLength: 1,
      maxLength: 4,
    });
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
    const list = fc
      .uniqueArray(path, { maxLength: 20 })
      .map((paths) =>
        paths
          .filter((one) => one.split("/").every((part) => part !== "." && part !== ".."))
          .filter((one) => !paths.some((other) => other.startsWith(`${one}/`))),
      );
    fc.assert(
      fc.property(list, (sent) => {
        const { paths, plan } = planOf(sent);
        const folded = paths.map((one) => one.normalize("NFD").toUpperCase());
        expect(new Set(folded).size).toBe(sent.length);
        expect(planOf(paths).plan.renamed).toEqual([]);
        expect(plan.renamed.filter(({ from, to }) => from === to)).toEqual([]);
      }),
      { numRuns: sampleSize(500, 5_000) },
    );
  });
});

test("an archive's top entry has the folder's details, or the newest time", () => {
  const entries = [file("a"), { ...file("b"), mtime: 99 }];
  const top = { path: "", dir: true } as const;
  expect(topEntry(entries)).toEqual({ ...top, mode: 0o755, mtime: 99 });
  expect(topEntry([])).toEqual({ ...top, mode: 0o755, mtime: 0 });
  expect(topEntry(entries, { mode: 0o700, mtimeMs: -3 })).toEqual({
    ...top,
    mode: 0o700,
    mtime: -3,
  });
});

test("an archive's comment lists ten renamed entries without control characters", () => {
  expect(renamedComment([])).toBe("");
  const renamed = Array.from({ length: 12 }, (_, i) => ({ from: `a\u0005?${i}`, to: `a__${i}` }));
  const lines = renamedComment(renamed).split("\n");
  expect([lines.length, lines.at(-1)]).toEqual([11, "2 more saved under other names"]);
  expect(lines[0]).not.toMatch(/\p{Cc}/u);
});
