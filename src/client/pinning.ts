import { Fault, msg } from "../base/fault.ts";
import type { Clock } from "../io/clock.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import type { LinkEvent } from "./event.ts";
import type { PinStore } from "./ports.ts";
import type { Greeted } from "./trust.ts";

interface Expectation {
  /** The server as its pin is filed: `HOST:PORT`. */
  readonly address: string;
  /** Given by the user or an invite. */
  readonly given: Fingerprint | undefined;
  /** What this home knows of the address. */
  readonly pinned: Fingerprint | undefined;
  /** Refuse whom nobody vouches for. */
  readonly strict: boolean;
  /** Keys that this server had before, as far as each has signed the next. */
  readonly formers: readonly Fingerprint[];
}

/**
 * @returns `known`; `first` for a server that is to be pinned now; `moved` for one that we know by
 * a key which has named the present one
 * @throws Fault fingerprint-changed, naming old and new
 */
function judge(found: Fingerprint, expected: Expectation): "known" | "first" | "moved" {
  const { address, given, pinned, strict, formers } = expected;
  const isIt = (one: Fingerprint) => one === found || formers.includes(one);
  if (pinned !== undefined && !isIt(pinned)) {
    throw changed("the server's identity has changed", pinned, found, {
      remedy: `ask the server's owner, then chat trust accept ${address}`,
    });
  }
  if (given !== undefined && !isIt(given)) {
    throw changed("this is not the server that was asked for", given, found, {});
  }
  if (pinned !== undefined) return pinned === found ? "known" : "moved";
  if (given !== undefined || !strict) return "first";
  const sentence = msg`the server is not known here: ${formatFingerprint(found)}`;
  throw new Fault("fingerprint-changed", sentence, {
    remedy: msg`compare it with its owner's, then chat trust accept ${address}, or --fingerprint`,
  });
}

function changed(
  what: string,
  old: Fingerprint,
  found: Fingerprint,
  detail: { readonly remedy?: string },
): Fault {
  const sentence = `${what}: expected ${formatFingerprint(old)}, found ${formatFingerprint(found)}`;
  return new Fault("fingerprint-changed", sentence, detail);
}

type News = Extract<LinkEvent, { kind: "pinned" | "moved" }>;

/**
 * Holds the server's fingerprint against what we know; pins it at the first meeting, and follows
 * it to a new key that its old one has named.
 * @returns what a person should hear
 * @throws Fault fingerprint-changed
 */
export function pin(
  { fingerprint, welcome, formers }: Greeted,
  { state, clock }: { readonly state: PinStore; readonly clock: Clock },
  expected: Pick<Expectation, "address" | "given" | "strict">,
): News | undefined {
  const { address } = expected;
  const known = state.pin(address);
  const pinned = known?.fingerprint as Fingerprint | undefined;
  const verdict = judge(fingerprint, { ...expected, pinned, formers });
  const { name } = welcome.server;
  const firstSeenUnixMs = clock.unixMs();
  if (verdict === "known") {
    if (known?.name !== name) state.setPin({ address, fingerprint, name, firstSeenUnixMs });
    return undefined;
  }
  // An old key of it may be known under another address: then this home's things move as well.
  const old = pinned ?? formers.find((former) => state.addressOf(former) !== undefined);
  if (old !== undefined) state.moveServer(old, { fingerprint, name, firstSeenUnixMs });
  if (verdict === "moved" && pinned !== undefined) {
    return { kind: "moved", address, fingerprint, from: pinned };
  }
  const knownAs = state.addressOf(fingerprint);
  state.setPin({ address, fingerprint, name, firstSeenUnixMs });
  return { kind: "pinned", address, fingerprint, knownAs };
}
