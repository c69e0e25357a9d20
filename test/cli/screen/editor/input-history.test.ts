import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  INPUT_HISTORY_FILE_BYTES_MAX,
  INPUT_HISTORY_LINE_BYTES_MAX,
  INPUT_HISTORY_LINES_MAX,
} from "../../../../src/base/limits-screen.ts";
import { InputHistory } from "../../../../src/cli/screen/editor/input-history.ts";

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "typed-"));
});
afterEach(() => rmSync(home, { recursive: true }));

async function loaded(): Promise<readonly string[]> {
  const history = new InputHistory(home);
  await history.load();
  return history.lines;
}

test.each([
  ["hello", true],
  ["/join lobby", true],
  ["/join lobby secret", false],
  ["/REGISTER ana secret", false],
  ["  /login ana secret", false],
  ["/passwd", false],
  ["/passwd\nsecret", false],
  ["//login is a command", true],
  ["", false],
  ["x".repeat(INPUT_HISTORY_LINE_BYTES_MAX), true],
  ["x".repeat(INPUT_HISTORY_LINE_BYTES_MAX + 1), false],
])("stores %j: %p", async (line, expected) => {
  const history = new InputHistory(home);
  await history.add(line);
  expect(history.lines).toEqual(expected ? [line] : []);
});

test("keeps the latest of equal lines, and the newest INPUT_HISTORY_LINES_MAX lines", async () => {
  const many = Array.from({ length: INPUT_HISTORY_LINES_MAX - 3 }, (_, i) => `["${i}"]\n`).join("");
  writeFileSync(join(home, "typed"), `${many}["a"]\n["b"]\n["a"]\n`);
  const history = new InputHistory(home);
  await history.load();
  history.add("c");
  await history.add("c");
  expect(history.lines).toHaveLength(INPUT_HISTORY_LINES_MAX);
  expect(history.lines.slice(-3)).toEqual(["b", "a", "c"]);
  await history.add("d");
  expect([history.lines.length, history.lines[0]]).toEqual([INPUT_HISTORY_LINES_MAX, "1"]);
});

describe("the file", () => {
  test("stores lines across runs, private and without secrets", async () => {
    const history = new InputHistory(home);
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

  test("loses no line of concurrent processes, even during rotation", async () => {
    const perProcess =
      Math.ceil(INPUT_HISTORY_FILE_BYTES_MAX / INPUT_HISTORY_LINE_BYTES_MAX / 3) + 8;
    const program = join(import.meta.dir, "input-history-process.ts");
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
    expect(statSync(join(home, "typed.older")).size).toBeGreaterThan(INPUT_HISTORY_FILE_BYTES_MAX);
    expect(statSync(join(home, "typed")).size).toBeLessThan(INPUT_HISTORY_FILE_BYTES_MAX);
    expect(() => statSync(join(home, "typed.lock"))).toThrow();
  });

  test("skips torn and foreign lines", async () => {
    writeFileSync(join(home, "typed"), '["good"]\n["torn\n{"a":1}\n7\n["/login a b"]\n["last"]');
    expect(await loaded()).toEqual(["good", "last"]);
    writeFileSync(join(home, "typed"), `["${"x".repeat(2 * INPUT_HISTORY_FILE_BYTES_MAX)}"]`);
    expect(await loaded()).toEqual([]);
  });

  test("ignores a read-only home folder", async () => {
    const history = new InputHistory(join(home, "none"));
    await history.load();
    await history.add("a");
    expect(history.lines).toEqual(["a"]);
  });
});
