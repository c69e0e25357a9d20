import { expect, test } from "bun:test";
import { RECEIVED_FILES_MAX } from "../../../src/base/limits.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";

const ANA = { fingerprint: "f", user: "Ana" };
const BOB = { fingerprint: "f", user: "bob" };

test("the place of each account never goes back", () => {
  const { taken } = ClientState.inMemory();
  expect(taken.place(ANA)).toBe(0);
  taken.advance(ANA, 7);
  taken.advance(ANA, 5);
  expect(taken.place({ ...ANA, user: "ana" })).toBe(7);
  expect(taken.place(BOB)).toBe(0);
});

test("what was taken is known, by account and server", () => {
  const { taken } = ClientState.inMemory();
  taken.note(ANA, "f1");
  taken.note(ANA, "f1");
  expect(taken.has(ANA, "f1")).toBe(true);
  expect(taken.has(BOB, "f1")).toBe(false);
  expect(taken.has({ ...ANA, fingerprint: "g" }, "f1")).toBe(false);
});

test("beyond TAKEN_FILES_MAX the oldest are forgotten", () => {
  const { taken } = ClientState.inMemory();
  for (let i = 0; i <= RECEIVED_FILES_MAX; i++) taken.note(ANA, `f${i}`);
  expect(taken.has(ANA, "f0")).toBe(false);
  expect(taken.has(ANA, "f1")).toBe(true);
  expect(taken.has(ANA, `f${RECEIVED_FILES_MAX}`)).toBe(true);
});
