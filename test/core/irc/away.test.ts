import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import { AWAY_TEXT, AwayReasons } from "../../../src/core/irc/away.ts";

const ANA = "uAAAAAAAAAAAAAAAAAAAAAAAAAA" as UserId;
const [PHONE, LAPTOP] = [{}, {}];

function start() {
  const state = { devices: 2, changes: 0 };
  const away = new AwayReasons(
    () => state.devices,
    () => state.changes++,
  );
  return { state, away };
}

test("an account is away while all its devices are", () => {
  const { state, away } = start();
  away.set(ANA, PHONE, "lunch");
  expect(away.of(ANA)).toBeUndefined();
  away.set(ANA, LAPTOP, "asleep");
  expect(away.of(ANA)).toBe("asleep");
  away.set(ANA, PHONE, "on a train");
  expect(away.of(ANA)).toBe("on a train");
  state.devices = 3;
  expect(away.of(ANA)).toBeUndefined();
  state.devices = 0;
  expect(away.of(ANA)).toBe(AWAY_TEXT);
});

test("* never replaces a text", () => {
  const { away } = start();
  away.set(ANA, PHONE, "lunch");
  away.set(ANA, LAPTOP, "*");
  expect(away.of(ANA)).toBe("lunch");
  away.set(ANA, PHONE, "*");
  expect(away.of(ANA)).toBe(AWAY_TEXT);
});

test("reports each change once, also one of the number of devices", () => {
  const { state, away } = start();
  away.set(ANA, PHONE, undefined);
  expect([state.changes, away.takeChanged()]).toEqual([0, []]);
  away.set(ANA, PHONE, "lunch");
  expect([state.changes, away.takeChanged()]).toEqual([1, []]);
  state.devices = 1;
  expect([away.takeChanged(), away.takeChanged()]).toEqual([[ANA], []]);
  away.set(ANA, PHONE, undefined);
  expect([away.takeChanged(), away.takeChanged()]).toEqual([[ANA], []]);
});
