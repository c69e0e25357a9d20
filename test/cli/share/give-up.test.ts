import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { RECEIVE_GIVES_UP_MS } from "../../../src/base/limits.ts";
import { GiveUpTimer } from "../../../src/cli/share/give-up.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const LOST = new Fault("link-closed", "the link is gone");

function giveUp() {
  const clock = new VirtualClock();
  const ended: Fault[] = [];
  return { clock, ended, one: new GiveUpTimer(clock, (fault) => ended.push(fault)) };
}

test("ends RECEIVE_GIVES_UP_MS after the first loss, and says what to do", async () => {
  const { clock, ended, one } = giveUp();
  expect([one.lost(LOST), one.lost(LOST)]).toEqual([true, false]);
  await clock.advance(RECEIVE_GIVES_UP_MS - 1);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect(ended.map(({ code }) => code)).toEqual(["unreachable"]);
  expect(ended[0]?.remedy).toContain("the same line again");
});

test("a link that is back begins anew", async () => {
  const { clock, ended, one } = giveUp();
  one.lost(LOST);
  await clock.advance(RECEIVE_GIVES_UP_MS - 1);
  one.back();
  await clock.advance(RECEIVE_GIVES_UP_MS);
  expect(ended).toEqual([]);
  expect(one.lost(LOST)).toBe(true);
});
