import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KNOWN_FILES_MAX, KNOWN_NAMES_MAX } from "../../../src/base/limits.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { KnownNames } from "../../../src/io/state/known-names.ts";

const READER = { fingerprint: "F", formers: [], user: "ana" };

function folder() {
  const path = mkdtempSync(join(tmpdir(), "chat-known-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

function observed(seq: number, place: string, from: string) {
  const [leaf, timeUnixMs] = [new Uint8Array(32), 1];
  return { seq, leaf, room: "r", place, from, timeUnixMs };
}

test("knows the newest files of each server once", () => {
  using home = folder();
  const state = ClientState.open(home.path);
  const files = Array.from({ length: KNOWN_FILES_MAX }, (_, i) => ({ id: `f${i}`, name: `n${i}` }));
  state.knownFiles.add("F", files);
  state.knownFiles.add("G", [{ id: "g", name: "other" }]);
  state.knownFiles.add("F", [files[3] ?? { id: "", name: "" }]);
  const known = new KnownNames(home.path);
  expect(known.files("F")).toHaveLength(KNOWN_FILES_MAX);
  state.knownFiles.add("F", [{ id: "new", name: "x" }]);
  const now = known.files("F");
  expect(now).toHaveLength(KNOWN_FILES_MAX);
  expect(now[0]).toEqual({ name: "new", about: "x" });
  expect(now.at(-1)).toEqual({ name: "f1", about: "n1" });
  expect(known.files("G")).toEqual([{ name: "g", about: "other" }]);
  known.close();
  state.close();
});

test("lists rooms and people of read records, latest first, up to a limit", () => {
  using home = folder();
  const state = ClientState.open(home.path);
  state.logPins.storeRecords(READER, [
    observed(1, "#lobby", "ana"),
    observed(2, "@bob", "bob"),
    observed(3, "#lab", "ana"),
    ...Array.from({ length: KNOWN_NAMES_MAX }, (_, i) => observed(4 + i, `#r${i}`, "eve")),
  ]);
  const known = new KnownNames(home.path);
  expect(known.people("F").map(({ name }) => name)).toEqual(["eve", "ana", "bob"]);
  const places = known.targets("F").map(({ name }) => name);
  expect(places).toHaveLength(KNOWN_NAMES_MAX);
  expect(places[0]).toBe(`#r${KNOWN_NAMES_MAX - 1}`);
  expect(known.targets("G")).toEqual([]);
  known.close();
  state.close();
});

test("does not create a missing home", () => {
  using home = folder();
  const known = new KnownNames(join(home.path, "none"));
  expect([known.servers(), known.users(), known.files("F")]).toEqual([[], [], []]);
  expect([known.lastServer(), known.fingerprintOf("h:1")]).toEqual([undefined, undefined]);
  known.close();
  expect(readdirSync(home.path)).toEqual([]);
});
