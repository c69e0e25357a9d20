/** Pins of servers, with which their proved identities are compared. */

import { Fault, msg } from "../base/fault.ts";
import type { Clock } from "../io/clock.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import type { LinkEvent } from "./event.ts";
import type { GreetedServer } from "./link/greeting.ts";
import type { PinStore } from "./ports.ts";

interface Expectation {
  readonly address: string;
  readonly requested: Fingerprint | undefined;
  readonly pinned: Fingerprint | undefined;
  readonly strict: boolean;
  readonly formers: readonly Fingerprint[];
}

function comparePin(found: Fingerprint, expected: Expectation): "known" | "first" | "moved" {
  const { address, requested, pinned, strict, formers } = expected;
  const matches = (fingerprint: Fingerprint) =>
    fingerprint === found || formers.includes(fingerprint);
  if (pinned !== undefined && !matches(pinned)) {
    throw mismatch("the server's identity has changed", pinned, found, {
      remedy: `ask the server's owner, then run chat trust accept ${address}`,
    });
  }
  if (requested !== undefined && !matches(requested)) {
    throw mismatch("the server's fingerprint does not match", requested, found, {});
  }
  if (pinned !== undefined) return pinned === found ? "known" : "moved";
  if (requested !== undefined || !strict) return "first";
  const text = msg`unknown server: ${formatFingerprint(found)}`;
  throw new Fault("fingerprint-changed", text, {
    remedy: msg`confirm it with the owner, then run ${`chat trust accept ${address}`}`,
  });
}

function mismatch(
  summary: string,
  old: Fingerprint,
  found: Fingerprint,
  detail: { readonly remedy?: string },
): Fault {
  const text = `${summary}: expected ${formatFingerprint(old)}, found ${formatFingerprint(found)}`;
  return new Fault("fingerprint-changed", text, detail);
}

type PinEvent = Extract<LinkEvent, { kind: "pinned" | "moved" }>;

/**
 * Pins the fingerprint on first use, and accepts a new key that the old key has signed.
 * @returns an event for the user if the pin has changed
 * @throws {Fault} fingerprint-changed if the server has a key that the old key has not signed
 */
export function pin(
  { fingerprint, welcome, formers }: GreetedServer,
  { state, clock }: { readonly state: PinStore; readonly clock: Clock },
  expected: Pick<Expectation, "address" | "requested" | "strict">,
): PinEvent | undefined {
  const { address } = expected;
  const known = state.pin(address);
  const pinned = known?.fingerprint as Fingerprint | undefined;
  const verdict = comparePin(fingerprint, { ...expected, pinned, formers });
  const { name } = welcome.server;
  const firstSeenUnixMs = clock.unixMs();
  if (verdict === "known") {
    if (known?.name !== name) state.setPin({ address, fingerprint, name, firstSeenUnixMs });
    return undefined;
  }
  // The old key may be pinned at a different address. In that case, move the data stored under the
  // old key as well.
  const old = pinned ?? formers.find((former) => state.addressOf(former) !== undefined);
  if (old !== undefined) state.moveServer(old, { fingerprint, name, firstSeenUnixMs });
  if (verdict === "moved" && pinned !== undefined) {
    return { kind: "moved", address, fingerprint, from: pinned };
  }
  const knownAs = state.addressOf(fingerprint);
  if (knownAs === address) return undefined;
  state.setPin({ address, fingerprint, name, firstSeenUnixMs });
  return { kind: "pinned", address, fingerprint, knownAs };
}
