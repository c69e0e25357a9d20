import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  TYPED_FILE_BYTES_MAX,
  TYPED_LINE_BYTES_MAX,
  TYPED_LINES_MAX,
} from "../../../../src/base/limits-screen.ts";
import {
  isKept,
  matchingTyped,
  TypedHistory,
  withTyped,
} from "../../../../src/cli/screen/editor/typed-history.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "typed-"));
});
afterEach(() => rmSync(home, { recursive: true }));

async function loaded(): Promise<readonly string[]> {
  const history = new TypedHistory(home);
  await history.load();
  return history.lines;
}

test.each([
  ["hello", true],
  ["/join lobby", true],
  ["/join lobby secret", false],
  ["/j lobby secret", false],
  ["/register ana", false],
  ["/REGISTER ana secret", false],
  ["/regist ana secret", false],
  ["  /login ana secret", false],
  ["/login", false],
  ["/passwd", false],
  ["/passwd\nsecret", false],
  ["/loginx", true],
  ["//login is a command", true],
  [" ", false],
  ["", false],
  ["x".repeat(TYPED_LINE_BYTES_MAX), true],
  ["x".repeat(TYPED_LINE_BYTES_MAX + 1), false],
])("%j is kept: %p", (line, expected) => {
  expect(isKept(line)).toBe(expected);
});

describe("lines", () => {
  test("the same line stands once, where it was typed last", () => {
    const lines = ["a", "b", "a", "c", "c"].reduce(withTyped, [] as readonly string[]);
    expect(lines).toEqual(["b", "a", "c"]);
    expect(withTyped(lines, "c")).toBe(lines);
    expect(withTyped(lines, "/login ana x")).toBe(lines);
  });

  test("of more than TYPED_LINES_MAX the oldest go", () => {
    const full = Array.from({ length: TYPED_LINES_MAX }, (_, i) => `${i}`);
    const lines = withTyped(full, "new");
    expect(lines).toHaveLength(TYPED_LINES_MAX);
    expect([lines[0], lines.at(-1)]).toEqual(["1", "new"]);
  });

  test("a query finds all of its words in any case, newest first", () => {
    const lines = ["Hello Ana", "ana said", "straße", "bye"];
    expect(matchingTyped(lines, "ANA", 9)).toEqual(["ana said", "Hello Ana"]);
    expect(matchingTyped(lines, "ana hello", 9)).toEqual(["Hello Ana"]);
    expect(matchingTyped(lines, "strasse", 9)).toEqual(["straße"]);
    expect(matchingTyped(lines, "", 2)).toEqual(["bye", "straße"]);
    expect(matchingTyped(lines, "none", 9)).toEqual([]);
  });
});

describe("the file", () => {
  test("keeps lines over runs, for their owner alone, without secrets", async () => {
    const history = new TypedHistory(home);
    await history.load();
    expect(history.lines).toEqual([]);
    history.add("one");
    history.add("/login ana secret");
    await history.add("two\nlines");
    expect(history.lines).toEqual(["one", "two\nlines"]);
    expect(await loaded()).toEqual(["one", "two\nlines"]);
    expect(statSync(join(home, "typed")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, "typed"), "utf8")).not.toContain("secret");
  });

  test("what is typed before it is read comes behind it", async () => {
    await new TypedHistory(home).add("old");
    const history = new TypedHistory(home);
    const added = history.add("new");
    await history.load();
    expect(history.lines).toEqual(["old", "new"]);
    await added;
    expect(await loaded()).toEqual(["old", "new"]);
  });

  test("several processes lose nothing, also while the file becomes the older one", async () => {
    const perProcess = Math.ceil(TYPED_FILE_BYTES_MAX / TYPED_LINE_BYTES_MAX / 3) + 8;
    const program = join(import.meta.dir, "typed-process.ts");
    const writers = ["a", "b", "c"].map((name) =>
      Bun.spawn([process.execPath, program, home, name, String(perProcess)]),
    );
    expect(await Promise.all(writers.map(({ exited }) => exited))).toEqual([0, 0, 0]);
    const lines = (await loaded()).map((line) => line.slice(0, line.indexOf(" ")));
    expect(lines).toHaveLength(3 * perProcess);
    for (const name of ["a", "b", "c"]) {
      const own = lines.filter((line) => line.startsWith(name));
      expect(own).toEqual(Array.from({ length: perProcess }, (_, i) => `${name}.${i}`));
    }
    expect(statSync(join(home, "typed.older")).size).toBeGreaterThan(TYPED_FILE_BYTES_MAX);
    expect(statSync(join(home, "typed")).size).toBeLessThan(TYPED_FILE_BYTES_MAX);
    expect(() => statSync(join(home, "typed.lock"))).toThrow();
  });

  test("what was torn, or is foreign, is left out", async () => {
    writeFileSync(join(home, "typed"), '["good"]\n["torn\n{"a":1}\n7\n["/login a b"]\n["last"]');
    expect(await loaded()).toEqual(["good", "last"]);
    writeFileSync(join(home, "typed"), `["${"x".repeat(2 * TYPED_FILE_BYTES_MAX)}"]`);
    expect(await loaded()).toEqual([]);
  });

  test("a home that cannot be written is no fault", async () => {
    const history = new TypedHistory(join(home, "none"));
    await history.load();
    await history.add("a");
    expect(history.lines).toEqual(["a"]);
  });
});
