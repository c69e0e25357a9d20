import type { Greeting } from "../crypto/signed-bytes.ts";
import type { Connection } from "../io/connection.ts";
import { sayHello, unproved } from "../io/first-words.ts";
import { type Fingerprint, fingerprintWith } from "../wire/fingerprint.ts";
import type { NoticeOf } from "../wire/messages.ts";
import { greetingOf, isProven } from "./device.ts";
import { pageSha256 } from "./hash.ts";
import { PROGRAM, type Surroundings } from "./surroundings.ts";

const NONCE_BYTES = 32;

export interface Greeted {
  readonly greeting: Greeting;
  readonly fingerprint: Fingerprint;
  readonly welcome: NoticeOf<"welcome">;
}

/** Says hello and checks the answer. @throws Fault fingerprint-changed, timeout, the link's */
export async function greet(
  connection: Connection,
  { clock, entropy, subtle }: Pick<Surroundings, "clock" | "entropy" | "subtle">,
): Promise<Greeted> {
  const clientNonce = entropy(NONCE_BYTES);
  const welcome = await sayHello(connection, clock, { client: PROGRAM, nonce: clientNonce });
  if (!(await isProven(subtle, welcome, clientNonce))) throw unproved();
  const fingerprint = fingerprintWith(welcome.server.key, pageSha256);
  return { greeting: greetingOf(welcome, clientNonce), fingerprint, welcome };
}
