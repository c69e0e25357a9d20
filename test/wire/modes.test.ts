import { expect, test } from "bun:test";
import { receivedMode, sentMode } from "../../src/wire/modes.ts";

test("Windows names the modes that its files and folders have elsewhere by default", () => {
  for (const [mode, kind, sent] of [
    [0o100666, "file", 0o644],
    [0o100444, "file", 0o444],
    [0o40666, "folder", 0o755],
    [0o40444, "folder", 0o755],
  ] as const) {
    expect([mode, sentMode(mode, kind, "win32")]).toEqual([mode, sent]);
  }
});

test("other systems name the permission bits alone", () => {
  expect(sentMode(0o104751, "file", "linux")).toBe(0o751);
  expect(sentMode(0o42555, "folder", "darwin")).toBe(0o555);
});

test("an owner reads each file, and reads, changes and enters each folder", () => {
  for (let mode = 0; mode <= 0o777; mode++) {
    expect(receivedMode(mode, "file")).toBe(mode | 0o400);
    const folder = receivedMode(mode, "folder");
    expect(folder & 0o700).toBe(0o700);
    expect(folder & 0o066).toBe(mode & 0o066);
    expect(folder & 0o011 & ((mode & 0o044) >> 2)).toBe((mode & 0o044) >> 2);
  }
});
