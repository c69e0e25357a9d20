/**
 * Share codes of `chat share` and `chat receive`. The two machines find each other by announcements
 * on the LAN, or at a server that both name.
 */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault, ignoreFault } from "../../base/fault.ts";
import { PROGRAM } from "../../base/version.ts";
import type { Client } from "../../client/client.ts";
import { Connection } from "../../client/link/connection.ts";
import { greet } from "../../client/link/greeting.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { OfferedCode, redeemCode } from "../../client/short-code.ts";
import { nativeVerifier } from "../../crypto/identity.ts";
import { delay } from "../../io/clock.ts";
import { type Entropy, systemEntropy } from "../../io/entropy.ts";
import { LAN, type MulticastDnsNetwork } from "../../io/lan/discovery.ts";
import { markHandled } from "../../io/promises.ts";
import type { DiscoveredServer } from "../../wire/announcement.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import {
  formatAddress,
  formatInvite,
  parseServerSpec,
  type ServerSpec,
} from "../../wire/invite.ts";
import {
  CODE_WORDS_COUNT,
  freeCodeNumber,
  makeShortCode,
  type ShortCode,
} from "../../wire/short-code.ts";
import { openClient } from "../connect/client.ts";
import { openDialer } from "../connect/dial.ts";
import { type Context, printNotice } from "../context.ts";
import { announceServer, type RunningDiscovery } from "../serve/listen.ts";
import type { ShareInvite } from "./server.ts";

const SHARE_CHANNEL = utf8Encode("chat/1 code share");
const SERVICE_TYPE = "chat-share";
/**
 * Searches for numbers last for rounds in which nothing new is heard, because a busy machine may
 * wake this process after the end of one long wait, but before it has read what arrived.
 */
const SEARCH_ROUND_MS = 100;
/** Other machines answer within 120 ms (RFC 6762, section 6). */
const NUMBERS_ROUNDS = 3;
/** Long enough for a second query, and for the start of another share's announcement. */
const CLAIM_ROUNDS = 5;
/** Anybody can announce new numbers for ever, and networks may not return own announcements. */
const SEARCH_ROUNDS_MAX = 20;
/** Only a machine that has no time for this process reaches it. */
const SEARCH_MS_MAX = 60_000;
/** Each attempt fails only if another share chose the same of the free numbers. */
const CLAIM_ATTEMPTS_MAX = 8;
/** Long enough for the start of an announcement, and for a few lost packets. */
const SENDER_SEARCH_MS = 5_000;
/** Long enough for a second sender with the number to answer. */
const SECOND_SENDER_MS = 250;
/** Announcements that are tried, because anybody can announce every number. */
const SENDERS_TRIED_MAX = 16;
/** Longer than the delay after wrong guesses from the same address. */
const EXCHANGE_TIMEOUT_MS = 30_000;

/** @returns a number that no other machine on the LAN announces; `undefined` without a network */
export async function freeLanNumber(
  context: Pick<Context, "clock">,
  entropy: Entropy,
  network: MulticastDnsNetwork = LAN,
): Promise<number | undefined> {
  const used = await usedLanNumbers(context, { rounds: NUMBERS_ROUNDS }, network);
  return used && freeCodeNumber((number) => used.has(number), entropy(2));
}

interface NumbersSearch {
  /** Number of rounds without an announcement after which the search ends. */
  readonly rounds: number;
  /**
   * Identity of this share, whose announcements are ignored. The rounds begin with the first of
   * them, because other shares then know that the number is used.
   */
  readonly own?: Fingerprint;
}

/** @returns `undefined` without a network */
async function usedLanNumbers(
  { clock }: Pick<Context, "clock">,
  { rounds, own }: NumbersSearch,
  network: MulticastDnsNetwork,
): Promise<ReadonlySet<number> | undefined> {
  const used = new Set<number>();
  let isAnnounced = own === undefined;
  // Collects the numbers of all servers, because the list of servers is limited.
  const isWanted = ({ name, fingerprint }: DiscoveredServer) => {
    if (own !== undefined && fingerprint === own) isAnnounced = true;
    else used.add(announcedNumber(name));
    return false;
  };
  const quiet = async () => {
    let known = 0;
    for (let round = 0, passed = 0; round < SEARCH_ROUNDS_MAX && passed < rounds; round++) {
      await delay(clock, SEARCH_ROUND_MS);
      if (isAnnounced && used.size === known) passed++;
      known = used.size;
    }
  };
  const search = { serviceType: SERVICE_TYPE, clock, forMs: SEARCH_MS_MAX, isWanted } as const;
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  const found = await findOnLan({ ...search, ended: quiet() }, network).catch(ignoreFault);
  return found && used;
}

/** The second of two shares with one number is announced with a suffix: `7 (2)`. */
function announcedNumber(name: string): number {
  return Number.parseInt(name, 10);
}

interface SharedCodeOptions {
  readonly owner: Client;
  readonly invite: ShareInvite;
  /** Host on which the share listens. */
  readonly host: string;
  /** `undefined` if the code is not announced on the LAN. */
  readonly lanNumber: number | undefined;
  /** Server at which the receiver also asks for the code. */
  readonly via: string | undefined;
  readonly user: string | undefined;
  /** Called when a receiver has entered a wrong code, after which the code no longer works. */
  readonly onWrong: (code: string) => void;
  readonly onCrowded: () => void;
}

export interface SharedCode {
  readonly code: string;
  close(): Promise<void>;
}

/**
 * @returns `undefined` if neither the LAN nor a server can connect a receiver
 * @throws {Fault} if the server is unreachable or refuses
 */
export async function openSharedCode(
  context: Context,
  options: SharedCodeOptions,
  network?: MulticastDnsNetwork,
): Promise<SharedCode | undefined> {
  const { owner, invite, host, lanNumber, via, user, onWrong, onCrowded } = options;
  const meeting =
    via === undefined
      ? undefined
      : await openClient(context, { server: via, user }, { reconnect: true, mode: "login" });
  let claimed: ClaimedNumber | undefined;
  try {
    const offered = await meeting?.client.request("code-offer", {});
    const wanted = offered?.number ?? lanNumber;
    if (wanted === undefined) return undefined;
    const entropy = systemEntropy();
    if (lanNumber !== undefined) {
      const other = async (used: ReadonlySet<number>) =>
        meeting === undefined
          ? freeCodeNumber((number) => used.has(number), entropy(2))
          : (await meeting.client.request("code-offer", {})).number;
      claimed = await claimLanNumber(context, { invite, host, wanted, other }, network);
    }
    const number = claimed?.number ?? wanted;
    const code = makeShortCode(number, entropy(CODE_WORDS_COUNT));
    const shared = new OfferedCode({
      code,
      channel: SHARE_CHANNEL,
      random: entropy,
      grant: async () => utf8Encode(formatInvite(invite)),
      onCrowded,
      onEnded: () => onWrong(code.text),
    });
    await owner.request("code-offer", { number });
    serveAt(owner, shared);
    if (meeting !== undefined) {
      serveAt(meeting.client, shared);
      reofferAfterLoss(context, meeting.client, number);
    }
    return {
      code: code.text,
      close: async () => {
        await claimed?.announcement.stop();
        await meeting?.close();
      },
    };
  } catch (error) {
    await claimed?.announcement.stop();
    await meeting?.close();
    throw error;
  }
}

interface LanClaim extends Pick<SharedCodeOptions, "invite" | "host"> {
  readonly wanted: number;
  /** Chooses another number. */
  readonly other: (used: ReadonlySet<number>) => Promise<number | undefined>;
}

interface ClaimedNumber {
  readonly number: number;
  readonly announcement: RunningDiscovery;
}

/**
 * Announces a number, and another one if a second share announces it too. Until this returns, no
 * user knows the code, so that each of two shares that started together can change its number.
 */
async function claimLanNumber(
  context: Context,
  { invite, host, wanted, other }: LanClaim,
  network: MulticastDnsNetwork = LAN,
): Promise<ClaimedNumber> {
  const { fingerprint, port } = invite;
  const announced = { fingerprint, needs: "password", host, port, isNameChecked: true } as const;
  for (let number = wanted, attempt = 1; ; attempt++) {
    const announcement = announceServer(
      context,
      { ...announced, name: String(number), serviceType: SERVICE_TYPE },
      network,
    );
    const search = { rounds: CLAIM_ROUNDS, own: fingerprint };
    const used = await usedLanNumbers(context, search, network);
    const isTaken = used?.has(number) === true;
    // The attempts end, because anybody can announce every number.
    if (!isTaken || attempt === CLAIM_ATTEMPTS_MAX) return { number, announcement };
    await announcement.stop();
    number = (await other(used)) ?? number;
  }
}

function serveAt(client: Client, shared: OfferedCode): void {
  const answer = shared.serve(client.request);
  client.subscribe((event) => {
    if (event.kind === "code-asked") answer(event);
  });
}

/** The server forgets the offer when the connection closes. */
function reofferAfterLoss(context: Context, client: Client, number: number): void {
  client.subscribe((event) => {
    if (event.kind !== "caught-up") return;
    client.request("code-offer", { number }).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      printNotice(context, `the server no longer accepts the code: ${error.message}`);
    });
  });
}

interface RedeemOptions {
  /** `undefined` to search on the LAN. */
  readonly via: ServerSpec | undefined;
  readonly transport: "auto" | "tcp" | "udp";
}

/**
 * Returns the sender's invite.
 * @throws {Fault} code-unknown, code-wrong, checksum-wrong, unreachable, …
 */
export async function redeemShareCode(
  context: Context,
  code: ShortCode,
  { via, transport }: RedeemOptions,
  network: MulticastDnsNetwork = LAN,
): Promise<ServerSpec> {
  if (via !== undefined) return redeemAt(context, via, code, transport);
  if (context.terminal !== undefined) printNotice(context, "searching for the sender …");
  const { clock } = context;
  const until = clock.now() + SENDER_SEARCH_MS;
  using senders = new AnnouncedSenders(context, code, transport);
  const { isWanted } = senders;
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  for (;;) {
    const forMs = Math.max(0, until - clock.now());
    const ended = senders.answered().then(() => delay(clock, SECOND_SENDER_MS));
    await findOnLan({ serviceType: SERVICE_TYPE, clock, forMs, isWanted, ended }, network);
    const invite = await senders.redeem();
    if (invite !== undefined) return invite;
    if (clock.now() < until) continue;
    throw senders.failure ?? noSender(code);
  }
}

interface AnsweredSender {
  /** Resolved if this device may guess at this sender. */
  readonly guess: PromiseWithResolvers<void>;
  /** `undefined` if the exchange failed before the guess. */
  readonly invite: Promise<ServerSpec | undefined>;
}

/**
 * Begins the exchange with each machine that announces the number, and guesses only if a single one
 * answers. A guess at another sender with the same number would end the code of that sender.
 */
class AnnouncedSenders {
  readonly #tried = new Set<string>();
  readonly #answered = new Map<Fingerprint, AnsweredSender>();
  #runningCount = 0;
  #changed = Promise.withResolvers<void>();
  #isClosed = false;
  failure: Fault | undefined;

  constructor(
    private readonly context: Pick<Context, "clock" | "stderr">,
    private readonly code: ShortCode,
    private readonly transport: RedeemOptions["transport"],
  ) {}

  readonly isWanted = (server: DiscoveredServer): boolean => {
    const address = formatAddress(server);
    const isNew = announcedNumber(server.name) === this.code.number && !this.#tried.has(address);
    if (!isNew || this.#tried.size >= SENDERS_TRIED_MAX) return false;
    this.#tried.add(address);
    this.#begin(server);
    return false;
  };

  /** Resolves when a sender waits for a guess. */
  async answered(): Promise<void> {
    while (this.#answered.size === 0) await this.#changed.promise;
  }

  /**
   * @returns `undefined` if no sender has answered
   * @throws {Fault} if the guess fails, or several senders have answered
   */
  async redeem(): Promise<ServerSpec | undefined> {
    while (this.#answered.size === 0 && this.#runningCount > 0) await this.#changed.promise;
    const [sender, second] = this.#answered.values();
    if (second !== undefined) {
      const message = `several senders on this network use the number ${this.code.number}`;
      throw new Fault("code-unknown", message, { remedy: "ask the sender to share again" });
    }
    sender?.guess.resolve();
    return await sender?.invite;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const { guess } of this.#answered.values()) guess.reject(noSender(this.code));
  }

  #begin({ host, port, fingerprint: announced }: DiscoveredServer): void {
    const address = { host, port, portGiven: true };
    const guess = Promise.withResolvers<void>();
    let hasGuessed = false;
    const onGuess = async (fingerprint: Fingerprint) => {
      // Another program has the address now, or the sender has several addresses.
      const isOther = announced !== undefined && announced !== fingerprint;
      if (isOther || this.#isClosed || this.#answered.has(fingerprint)) throw noSender(this.code);
      this.#answered.set(fingerprint, { guess, invite });
      this.#notify();
      await guess.promise;
      hasGuessed = true;
    };
    const onFailure = (error: unknown) => {
      if (hasGuessed || !(error instanceof Fault)) throw error;
      this.failure ??= error;
      for (const [key, sender] of this.#answered) {
        if (sender.guess === guess) this.#answered.delete(key);
      }
      return undefined;
    };
    this.#runningCount++;
    const { context, code, transport } = this;
    const invite: AnsweredSender["invite"] = redeemAt(context, address, code, transport, onGuess)
      .then((spec) => ({ ...spec, ...address }))
      .catch(onFailure)
      .finally(() => {
        this.#runningCount--;
        this.#notify();
      });
    markHandled(invite); // Reported by `redeem`.
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function noSender({ number }: ShortCode): Fault {
  return new Fault("code-unknown", `no sender on this network uses the number ${number}`, {
    remedy:
      "check the code; if the network hides the sender, paste the sender's line, " +
      "or name the same server on both machines: --via SERVER",
  });
}

async function redeemAt(
  context: Pick<Context, "clock" | "stderr">,
  address: ServerSpec,
  code: ShortCode,
  transport: RedeemOptions["transport"],
  onGuess: (fingerprint: Fingerprint) => Promise<void> = async () => {},
): Promise<ServerSpec> {
  const { clock } = context;
  using dialer = openDialer(context, address, { transport });
  const connection = new Connection(await dialer.dial(), clock);
  const cancel = clock.after(EXCHANGE_TIMEOUT_MS, () =>
    connection.close(new Fault("timeout", "the sender does not answer")),
  );
  try {
    const entropy = systemEntropy();
    const program = PROGRAM;
    const greeting = { clock, entropy, verifier: nativeVerifier, program };
    const { fingerprint } = await greet(connection, greeting);
    const request: SendRequest = (kind, fields) => connection.request(kind, fields);
    const parameters = { code, channel: SHARE_CHANNEL, random: entropy };
    const invite = await redeemCode(request, parameters, new Uint8Array(0), () =>
      onGuess(fingerprint),
    );
    return parseServerSpec(utf8Decode(invite));
  } finally {
    cancel();
    connection.close();
  }
}
