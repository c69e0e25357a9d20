import { describe, expect, test } from "bun:test";
import { RESERVED_FACTOR } from "../../src/core/rooms/charges.ts";
import { REQUESTS, type RequestKind, requestRow } from "../../src/wire/messages.ts";
import {
  AttackedSite,
  type Counts,
  MEDIAN_SYNCS_MAX,
  median,
  POSTS_BYTES,
  SYNC_MS,
  WORST_SYNCS_MAX,
} from "./attacked-site.ts";
import { attackWith } from "./attacks.ts";
import { GROWTH, REPLACED_BYTES } from "./growth.ts";

/**
 * Every request as an attack, measured in counts: what the server stores, which limit ends that,
 * and how many syncs of a slow disk another member's post waits for. A new kind is attacked with
 * requests derived from its schema; the compiler asks for its row in `GROWTH`.
 */

const TEXTS_BYTES_PER_DAY = 36_000;
const COUNT = 500;
const IN_FLIGHT = 64;
/** More than LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX. */
const LINKS_IN_FLIGHT = 96;
/** Offers of more would take all that the account may store, so that no file is finished. */
const CHANNELS_IN_FLIGHT = 16;
/** A record's line in the log takes at most this many times the bytes that count. */
const LINE_FACTOR = 1.4;
/** Records in flight when the limit is reached. */
const EXCESS_BYTES = IN_FLIGHT * 300;
/** Checkpoints, which the server writes on its own. */
const CHECKPOINT_BYTES = 8_000;
/** Tokens that an hourly limit gains during the attack. */
const RATE_FACTOR = 1.5;
const KINDS = Object.keys(REQUESTS) as RequestKind[];

/** Kinds that an attacker cannot have accepted, each with the reason. */
const REFUSED: Readonly<Partial<Record<RequestKind, string>>> = {
  login: "the attacker does not know the password",
  "code-ask": "the answer needs the words of the code",
  "recover-user": "the attacker does not know a reset code",
  recover: "the attacker does not know a reset code",
  operate: "the attacker does not know the token",
};

/** Requests that cancel or refuse each other if they run together, so that little is recorded. */
const ONE_BY_ONE: ReadonlySet<RequestKind> = new Set<RequestKind>([
  ...(["bot", "ignore", "invite-user", "erase-all", "leave"] as const),
  ...(["revoke", "irc-password-revoke", "poll"] as const),
]);

interface Measured extends Counts {
  readonly storedBytes: number;
  readonly waitedSyncs: readonly number[];
  readonly timers: number;
}

async function measure(kind: RequestKind, inFlight: number): Promise<Measured> {
  const growth = GROWTH[kind];
  const isCounted = typeof growth === "number";
  // The daily limit would end the attack before a limit of its own does.
  const options = isCounted ? {} : { textsBytesPerDay: TEXTS_BYTES_PER_DAY };
  const attacked = await AttackedSite.open(options, SYNC_MS);
  const { site } = attacked;
  const [bytes, timers] = [attacked.storedBytes, site.time.pendingTimers];
  const counts: Counts = { accepted: 0, refused: new Map() };
  const count = isCounted ? Math.max(COUNT, growth * RATE_FACTOR + inFlight) : COUNT;
  const attack = attacked.start(attackWith(kind), count, inFlight, counts);
  const waitedSyncs = await attacked.waitedSyncs(SYNC_MS);
  await site.wait(attack);
  await site.time.advance(70_000);
  return {
    ...counts,
    storedBytes: attacked.storedBytes - bytes - POSTS_BYTES,
    waitedSyncs,
    timers: site.time.pendingTimers - timers,
  };
}

function inFlightOf(kind: RequestKind): number {
  if (GROWTH[kind] === "address") return LINKS_IN_FLIGHT;
  return requestRow(kind).phase === "lane" ? CHANNELS_IN_FLIGHT : IN_FLIGHT;
}

const measured = new Map<RequestKind, Promise<Measured>>();

function once(kind: RequestKind): Promise<Measured> {
  const known = measured.get(kind) ?? measure(kind, inFlightOf(kind));
  measured.set(kind, known);
  return known;
}

function growthOf(kind: RequestKind): Promise<Measured> {
  return ONE_BY_ONE.has(kind) ? measure(kind, 1) : once(kind);
}

describe.each(KINDS)("%s", (kind) => {
  test("is an attack that the server accepts, unless only operators may ask", async () => {
    const { accepted } = await once(kind);
    const mayAccept = requestRow(kind).role !== "operator" && REFUSED[kind] === undefined;
    if (mayAccept) expect(accepted).toBeGreaterThan(0);
    else expect(accepted).toBe(0);
  });

  test("stores nothing beyond the limit of its account or address", async () => {
    const { accepted, refused, storedBytes, timers } = await growthOf(kind);
    const growth = GROWTH[kind];
    expect(timers).toBeLessThan(8);
    if (growth === "nothing" || growth === "operator") {
      expect(storedBytes).toBeLessThan(CHECKPOINT_BYTES + (REPLACED_BYTES[kind] ?? 0));
    }
    if (growth === "address") expect(refused.get("unreachable")).toBeGreaterThan(0);
    if (growth === "account" || growth === "reserved") {
      expect(refused.has("texts-limit")).toBeTrue();
      const bytesMax = TEXTS_BYTES_PER_DAY * (growth === "account" ? 1 : RESERVED_FACTOR);
      expect(storedBytes).toBeLessThan(bytesMax * LINE_FACTOR + EXCESS_BYTES);
    }
    if (typeof growth !== "number") return;
    expect(accepted).toBeLessThanOrEqual(growth * RATE_FACTOR);
    const limits = ["too-many", "too-fast", "unreachable"];
    expect(limits.some((code) => refused.has(code))).toBeTrue();
  });

  test("delays another member's posts by few syncs", async () => {
    const { waitedSyncs } = await once(kind);
    expect(median(waitedSyncs)).toBeLessThanOrEqual(MEDIAN_SYNCS_MAX);
    expect(waitedSyncs.at(-1)).toBeLessThanOrEqual(WORST_SYNCS_MAX);
  });
});
