/**
 * Share codes of `chat share` and `chat receive`. The two machines find each other by announcements
 * on the LAN, or at a server that both name.
 */

import { utf8Decode, utf8Encode } from "../../base/bytes.ts";
import { Fault, ignoreFault } from "../../base/fault.ts";
import { PROGRAM } from "../../base/version.ts";
import type { Client } from "../../client/client.ts";
import { Connection } from "../../client/link/connection.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { OfferedCode, redeemCode } from "../../client/short-code.ts";
import { greet } from "../../client/trust.ts";
import { nativeVerifier } from "../../crypto/identity.ts";
import { type Entropy, systemEntropy } from "../../io/entropy.ts";
import { LAN, type MulticastDnsNetwork } from "../../io/lan/discovery.ts";
import type { DiscoveredServer } from "../../wire/announcement.ts";
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
import { announceServer } from "../serve/listen.ts";
import type { ShareInvite } from "./server.ts";

const SHARE_CHANNEL = utf8Encode("chat/1 code share");
const SERVICE_TYPE = "chat-share";
/** Other machines answer within 120 ms (RFC 6762, section 6). */
const NUMBERS_SEARCH_MS = 250;
/** Long enough for the start of an announcement, and for a few lost packets. */
const SENDER_SEARCH_MS = 5_000;
/** Longer than the delay after wrong guesses from the same address. */
const EXCHANGE_TIMEOUT_MS = 30_000;

/** @returns a number that no other machine on the LAN announces; `undefined` without a network */
export async function freeLanNumber(
  { clock }: Pick<Context, "clock">,
  entropy: Entropy,
  network: MulticastDnsNetwork = LAN,
): Promise<number | undefined> {
  const used = new Set<string>();
  // Collects the names of all servers, because the list of servers is limited.
  const isWanted = ({ name }: DiscoveredServer) => {
    used.add(name);
    return false;
  };
  const forMs = NUMBERS_SEARCH_MS;
  const search = { serviceType: SERVICE_TYPE, clock, forMs, isWanted } as const;
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  const found = await findOnLan(search, network).catch(ignoreFault);
  if (found === undefined) return undefined;
  return freeCodeNumber((number) => used.has(String(number)), entropy(2));
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
  try {
    const offered = await meeting?.client.request("code-offer", {});
    const number = offered?.number ?? lanNumber;
    if (number === undefined) return undefined;
    const entropy = systemEntropy();
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
    const { fingerprint, port } = invite;
    const announced = { name: String(number), fingerprint, needs: "password", host, port } as const;
    const announcement =
      lanNumber === undefined
        ? undefined
        : announceServer(context, { ...announced, serviceType: SERVICE_TYPE }, network);
    return {
      code: code.text,
      close: async () => {
        await announcement?.stop();
        await meeting?.close();
      },
    };
  } catch (error) {
    await meeting?.close();
    throw error;
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
  const { clock } = context;
  if (via !== undefined) return redeemAt(context, via, code, transport);
  const name = String(code.number);
  const tried = new Set<string>();
  const isWanted = (server: DiscoveredServer) =>
    server.name === name && !tried.has(formatAddress(server));
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  if (context.terminal !== undefined) printNotice(context, "searching for the sender …");
  const until = clock.now() + SENDER_SEARCH_MS;
  let failure: unknown;
  for (;;) {
    const forMs = Math.max(0, until - clock.now());
    const search = { serviceType: SERVICE_TYPE, clock, forMs, isWanted } as const;
    const found = (await findOnLan(search, network)).servers[0];
    if (found === undefined) break;
    tried.add(formatAddress(found));
    let wasGuessed = false;
    const onGuess = () => {
      wasGuessed = true;
    };
    try {
      const address = { host: found.host, port: found.port, portGiven: true };
      return { ...(await redeemAt(context, address, code, transport, onGuess)), ...address };
    } catch (error) {
      // Anybody can announce the number, but gets only one guess at the words.
      if (wasGuessed || !(error instanceof Fault)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  throw new Fault("code-unknown", `no sender on this network uses the number ${name}`, {
    remedy: "check the code, or name the same server on both machines: --via SERVER",
  });
}

async function redeemAt(
  context: Pick<Context, "clock" | "stderr">,
  address: ServerSpec,
  code: ShortCode,
  transport: RedeemOptions["transport"],
  onGuess: () => void = () => {},
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
    await greet(connection, { clock, entropy, verifier: nativeVerifier, program });
    const request: SendRequest = (kind, fields) => connection.request(kind, fields);
    const parameters = { code, channel: SHARE_CHANNEL, random: entropy };
    const invite = await redeemCode(request, parameters, new Uint8Array(0), onGuess);
    return parseServerSpec(utf8Decode(invite));
  } finally {
    cancel();
    connection.close();
  }
}
