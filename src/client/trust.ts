import { equalBytes } from "../base/bytes.ts";
import { verifyServerProof } from "../crypto/greeting.ts";
import { fingerprintOf } from "../crypto/identity.ts";
import type { Greeting } from "../crypto/signed-bytes.ts";
import type { Clock } from "../io/clock.ts";
import { Connection } from "../io/connection.ts";
import type { Entropy } from "../io/entropy.ts";
import { sayHello, unproved } from "../io/first-words.ts";
import type { Link } from "../io/link.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { NoticeOf } from "../wire/messages.ts";

const NONCE_BYTES = 32;

/** A server that has proved who it is on this very link. Whether it is trusted is a second step. */
export interface Greeted {
  readonly greeting: Greeting;
  readonly fingerprint: Fingerprint;
  readonly welcome: NoticeOf<"welcome">;
}

/**
 * Says hello and checks the answer; nothing else was sent before.
 * @param client `chat/VERSION`
 * @throws Fault fingerprint-changed (the proof does not hold), timeout, version-unsupported, and
 * whatever ended the connection
 */
export async function greet(
  connection: Connection,
  { clock, entropy }: { readonly clock: Clock; readonly entropy: Entropy },
  client: string,
): Promise<Greeted> {
  const clientNonce = entropy(NONCE_BYTES);
  const welcome = await sayHello(connection, clock, { client, nonce: clientNonce });
  const { certificateHash } = connection.link;
  const greeting = { certificateHash, clientNonce, serverNonce: welcome.nonce };
  const isProved =
    equalBytes(welcome.certificate, certificateHash) &&
    verifyServerProof(welcome.server.key, greeting, welcome.proof);
  if (!isProved) throw unproved();
  return { greeting, fingerprint: fingerprintOf(welcome.server.key), welcome };
}

/** Greets and leaves: nothing is trusted, nothing sent but the hello. @throws Fault as `greet` */
export async function meet(
  parts: {
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly dial: () => Promise<Link>;
  },
  client: string,
): Promise<Greeted> {
  const connection = new Connection(await parts.dial(), parts.clock);
  try {
    return await greet(connection, parts, client);
  } finally {
    connection.close();
  }
}
