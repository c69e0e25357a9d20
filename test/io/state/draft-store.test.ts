import { expect, test } from "bun:test";
import { DRAFTS_STORED_MAX } from "../../../src/base/limits-screen.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { saveDrafts } from "./saved-drafts.ts";

const ANA = { fingerprint: "F", user: "Ana" };
const BEN = { fingerprint: "F", user: "ben" };

test("stores drafts by account and target", () => {
  const state = ClientState.inMemory();
  const { drafts } = state;
  const before = { text: "other", re: 3 };
  saveDrafts(drafts, ANA, new Map([["lobby", { text: "half", edits: 7, before }]]));
  saveDrafts(drafts, BEN, new Map([["lobby", { text: "ben's" }]]));
  saveDrafts(drafts, ANA, new Map([["@ben", { text: "a\nb \u{1f600}" }]]));
  expect([...drafts.list({ ...ANA, user: "ANA" })]).toEqual([
    ["lobby", { text: "half", edits: 7, before }],
    ["@ben", { text: "a\nb \u{1f600}" }],
  ]);
  expect(drafts.list({ fingerprint: "G", user: "ana" }).size).toBe(0);
  saveDrafts(drafts, ANA, new Map([["lobby", undefined]]));
  expect([...drafts.list(ANA).keys()]).toEqual(["@ben"]);
  expect([...drafts.list(BEN).values()]).toEqual([{ text: "ben's" }]);
  state.moveUser("F", "ana", "Anna");
  state.moveServer("F", { fingerprint: "G", name: "town", firstSeenUnixMs: 1 });
  expect([...drafts.list({ fingerprint: "G", user: "anna" }).keys()]).toEqual(["@ben"]);
  state.close();
});

test("retains the newest DRAFTS_STORED_MAX of an account", () => {
  const state = ClientState.inMemory();
  const { drafts } = state;
  saveDrafts(drafts, BEN, new Map([["lobby", { text: "x" }]]));
  const all = Array.from(
    { length: DRAFTS_STORED_MAX },
    (_, i) => [`r${i}`, { text: "x" }] as const,
  );
  saveDrafts(drafts, ANA, new Map(all));
  expect(drafts.list(ANA).size).toBe(DRAFTS_STORED_MAX);
  saveDrafts(drafts, ANA, new Map([["r0", { text: "anew" }]]));
  saveDrafts(drafts, ANA, new Map([["one more", { text: "x" }]]));
  const stored = drafts.list(ANA);
  expect(stored.size).toBe(DRAFTS_STORED_MAX);
  expect([stored.has("r0"), stored.has("r1"), stored.has("one more")]).toEqual([true, false, true]);
  expect(drafts.list(BEN).size).toBe(1);
  state.close();
});
