import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { LINK_OFFERS_MAX } from "../../../src/base/limits.ts";
import { LinkOffers } from "../../../src/server/auth/device-linking.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

const codeOf = (i: number) => new Uint8Array(32).fill(i & 255).with(0, i >> 8) as Uint8Array;

class Session {
  readonly member = undefined;
  isClosed = false;
  readonly onClosed: (() => void)[] = [];
  tell(): void {}
  whenClosed(callback: () => void): void {
    this.onClosed.push(callback);
  }
}

test("as many offers as the bound, and one more as soon as one is gone", () => {
  const offers = new LinkOffers(new VirtualClock());
  const sessions = Array.from({ length: LINK_OFFERS_MAX }, () => new Session());
  for (const [i, session] of sessions.entries()) offers.add(session, codeOf(i));
  const late = new Session();
  const code = codeOf(LINK_OFFERS_MAX);
  expect(() => offers.add(late, code)).toThrow(Fault);
  for (const gone of sessions[7]?.onClosed ?? []) gone();
  offers.add(late, code);
  for (let i = 0; i < 10; i++) offers.add(late, code); // Its own place, again and again.
  expect(late.onClosed).toHaveLength(1);
});

test("a code that somebody offers is nobody else's", () => {
  const offers = new LinkOffers(new VirtualClock());
  offers.add(new Session(), codeOf(1));
  expect(() => offers.add(new Session(), codeOf(1))).toThrow(Fault);
});
