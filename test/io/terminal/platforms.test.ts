import { expect, test } from "bun:test";
import { stopProcess } from "../../../src/io/terminal/device.ts";
import { isEnd } from "../../../src/io/terminal/input.ts";

test.each([
  ["linux", ["SIGTSTP"]],
  ["darwin", ["SIGTSTP"]],
  ["win32", []],
] as const)("on %s Ctrl-Z sends %j", (platform, signals) => {
  const sent: unknown[] = [];
  const kill = (_pid: number, signal?: string | number): true => {
    sent.push(signal);
    return true;
  };
  stopProcess(0, { platform, kill });
  expect(sent).toEqual([...signals]);
});

test("ends the input by Ctrl-D, and on Windows also by Ctrl-Z", () => {
  expect([isEnd("\x04", "linux"), isEnd("\x1a", "linux"), isEnd("x", "win32")]).toEqual([
    ...[true, false, false],
  ]);
  expect([isEnd("\x04", "win32"), isEnd("\x1a", "win32")]).toEqual([true, true]);
});
