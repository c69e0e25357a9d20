import { expect, test } from "bun:test";
import { TYPING_MS } from "../../src/base/limits.ts";
import { TypingNotifier } from "../../src/client/actions.ts";
import type { RoomState } from "../../src/core/model/state.ts";

const room = (id: string, change: Partial<RoomState> = {}) =>
  ({ id, isSealed: false, isClosed: false, ...change }) as RoomState;

function open() {
  let now = 5;
  const reports: string[] = [];
  const teller = new TypingNotifier(
    () => now,
    (id, on) => reports.push(`${id} ${on ? "on" : "off"}`),
  );
  return {
    teller,
    passes: (ms: number) => {
      now += ms;
    },
    told: () => reports.splice(0),
  };
}

test("sends an indicator at the first key and refreshes it before it expires", () => {
  const { teller, passes, told } = open();
  for (let i = 0; i < 20; i++) teller.report(room("r1"), "hello".repeat(i + 1));
  expect(told()).toEqual(["r1 on"]);
  passes(TYPING_MS / 2 - 1);
  teller.report(room("r1"), "hello again");
  expect(told()).toEqual([]);
  passes(1);
  teller.report(room("r1"), "hello again,");
  expect(told()).toEqual(["r1 on"]);
});

test("sends nothing after a message, and one update for a cleared line", () => {
  const { teller, told } = open();
  teller.report(room("r1"), "h");
  teller.report(room("r1"), " ");
  teller.report(room("r1"), "");
  expect(told()).toEqual(["r1 on", "r1 off"]);
  teller.report(room("r1"), "hi");
  teller.sent();
  teller.report(room("r1"), "");
  expect(told()).toEqual(["r1 on"]);
  teller.report(room("r1"), "and");
  teller.report(room("r2"), "also");
  expect(told()).toEqual(["r1 on", "r2 on"]);
});

test("sends nothing for sealed rooms, closed rooms and commands", () => {
  const { teller, told } = open();
  teller.report(room("r1", { isSealed: true }), "secret");
  teller.report(room("r1", { isClosed: true }), "in vain");
  for (const text of ["/", "/kick ben", "/melt", "/me"]) teller.report(room("r1"), text);
  expect(told()).toEqual([]);
  teller.report(room("r1"), "/me waves");
  expect(told()).toEqual(["r1 on"]);
  teller.report(room("r1"), "/mew");
  expect(told()).toEqual(["r1 off"]);
  teller.report(room("r1"), "//kick is what one types");
  expect(told()).toEqual(["r1 on"]);
});
