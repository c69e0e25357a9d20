import { expect, test } from "bun:test";
import { SETTINGS_LISTED_MAX } from "../../../src/base/limits-screen.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";

test("stores muted targets by account and device", () => {
  const state = ClientState.inMemory();
  const { muted } = state;
  muted.mute("F", "Ana", "Lobby", true);
  muted.mute("F", "ana", "lobby", true);
  muted.mute("F", "ana", "@Ben", true);
  muted.mute("F", "ben", "dev", true);
  expect(muted.list("F", "ANA")).toEqual(["@ben", "lobby"]);
  muted.mute("F", "ana", "LOBBY", false);
  muted.mute("F", "ana", "nothing", false);
  expect(muted.list("F", "ana")).toEqual(["@ben"]);
  expect(muted.list("G", "ana")).toEqual([]);
  state.moveUser("F", "ana", "anna");
  state.moveServer("F", { fingerprint: "G", name: "town", firstSeenUnixMs: 1 });
  expect([muted.list("G", "anna"), muted.list("G", "ben")]).toEqual([["@ben"], ["dev"]]);
  state.close();
});

test("limits the number of muted targets", () => {
  const state = ClientState.inMemory();
  const { muted } = state;
  for (let i = 0; i < SETTINGS_LISTED_MAX; i++) muted.mute("F", "ana", `r${i}`, true);
  muted.mute("F", "ana", "r0", true);
  expect(() => muted.mute("F", "ana", "one more", true)).toThrow("at most");
  expect(muted.list("F", "ana")).toHaveLength(SETTINGS_LISTED_MAX);
  muted.mute("F", "ben", "r0", true);
  state.close();
});
