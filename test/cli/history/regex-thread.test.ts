import { describe, expect, test } from "bun:test";
import { checkRegex, RegexThread } from "../../../src/cli/history/regex-thread.ts";
import { rejection } from "../../rejection.ts";

/** Texts of several fields per row; the row is its own first text. */
const ROWS = [["build 17 failed"], ["Build done", "17"], ["first\nlast line"], ["😀"]];

async function matching(pattern: string, ignoreCase = true): Promise<unknown> {
  const thread = new RegexThread(pattern, ignoreCase);
  try {
    return (await thread.filter(ROWS, (row) => row)).map(([text]) => text);
  } finally {
    thread.close();
  }
}

describe("a regular expression", () => {
  test.each([
    ["^build \\d+", true, ["build 17 failed"]],
    ["^build", true, ["build 17 failed", "Build done"]],
    ["^build", false, ["build 17 failed"]],
    ["^17$", true, ["Build done"]],
    ["first$", true, ["first\nlast line"]],
    ["^.$", true, ["😀"]],
    ["nothing", true, []],
  ])("%p selects rows by any of their texts", async (pattern, ignoreCase, found) => {
    expect(await matching(pattern, ignoreCase)).toEqual(found);
  });

  test("keeps the newest parts that have matched", async () => {
    const thread = new RegexThread("b\\w+|\\d", true);
    await thread.filter(ROWS, (row) => row);
    expect([...thread.hits]).toEqual(["build", "1", "7", "Build"]);
    const rows = Array.from({ length: 60 }, (_, i) => [`b${i + 10}`]);
    await thread.filter(rows, (row) => row);
    expect([...thread.hits]).toEqual(rows.flat().slice(-50));
    await thread.filter([["b".repeat(500)]], (row) => row);
    expect([...thread.hits].at(-1)).toBe("b".repeat(200));
    thread.close();
  });

  test("that backtracks ends in a fault, also if the engine gives up", async () => {
    const thread = new RegexThread("^(a+)+$", true);
    const rows = [[`${"a".repeat(60)}!`]];
    expect(await rejection(thread.filter(rows, (row) => row))).toMatchObject({
      code: "usage",
      message: "the regular expression takes too long",
    });
    thread.close();
  });

  test("that needs too long for all texts together ends in a fault", async () => {
    // Each text needs a few milliseconds, all together seconds.
    const thread = new RegexThread("^(a+)+$", true, 1);
    const rows = Array.from({ length: 1_000 }, () => [`${"a".repeat(17)}!`]);
    const fault = await rejection(thread.filter(rows, (row) => row));
    expect(String(fault)).toContain("takes too long");
    thread.close();
  });

  test("is checked", () => {
    expect(checkRegex("a".repeat(1_000))).toHaveLength(1_000);
    expect(() => checkRegex("a".repeat(1_001))).toThrow("at most 1000 characters");
    expect(() => checkRegex("(")).toThrow("'(' is not a regular expression");
  });
});
