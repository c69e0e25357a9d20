/** Files that the tests of `chat share` send, and their arrival. */

import { expect } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { noise, sha256 } from "./couriers.ts";
import type { Program, Sandbox } from "./program.ts";

export const SHARED_BYTES = noise(65_536);

export function files(sandbox: Sandbox): string[] {
  writeFileSync(sandbox.path("photo.jpg"), SHARED_BYTES);
  mkdirSync(sandbox.path("notes", "deep"), { recursive: true });
  writeFileSync(sandbox.path("notes", "a.txt"), "a");
  writeFileSync(
    sandbox.path("notes", "deep", "b.bin"),
    new Uint8Array(3 * CHUNK_BYTES + 1).fill(7),
  );
  return [sandbox.path("photo.jpg"), sandbox.path("notes")];
}

export function lineOf(sharing: Program): Promise<string> {
  return sharing.out.next("the line to paste", (line) => line.includes("chat receive '"));
}

export function expectAll(sandbox: Sandbox, folder: string): void {
  expect(readdirSync(sandbox.path(folder)).sort()).toEqual(["notes", "photo.jpg"]);
  for (const name of ["photo.jpg", "notes/a.txt", "notes/deep/b.bin"]) {
    expect([name, sha256(sandbox.path(folder, name))]).toEqual([name, sha256(sandbox.path(name))]);
  }
}
