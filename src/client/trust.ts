import { equalBytes } from "../base/bytes.ts";
import {
  type Greeting,
  NONCE_BYTES,
  serverProofBytes,
  successorBytes,
} from "../crypto/signed-bytes.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Link } from "../io/link/link.ts";
import { type Fingerprint, fingerprintWith } from "../wire/fingerprint.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { Verifier } from "./keys.ts";
import { Connection } from "./link/connection.ts";
import { sayHello, unproved } from "./link/handshake.ts";

/** A server that has proved who it is on this very link. Whether it is trusted is a second step. */
export interface Greeted {
  readonly greeting: Greeting;
  readonly fingerprint: Fingerprint;
  readonly welcome: NoticeOf<"welcome">;
  /** Keys that this server had before, newest first, as far as each has signed the next. */
  readonly formers: readonly Fingerprint[];
}

export interface GreetOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly verifier: Verifier;
  /** `chat/VERSION`. */
  readonly program: string;
}

/**
 * Says hello and checks the answer; nothing else was sent before.
 * @throws Fault fingerprint-changed (the proof does not hold), timeout, version-unsupported, and
 * whatever ended the connection
 */
export async function greet(connection: Connection, options: GreetOptions): Promise<Greeted> {
  const { clock, entropy, verifier, program } = options;
  const clientNonce = entropy(NONCE_BYTES);
  const welcome = await sayHello(connection, clock, { client: program, nonce: clientNonce });
  const { server, certificate: certificateHash, nonce: serverNonce, proof } = welcome;
  const greeting = { certificateHash, clientNonce, serverNonce };
  const isProved =
    (!verifier.seesCertificate || equalBytes(certificateHash, connection.link.certificateHash)) &&
    serverNonce.length === NONCE_BYTES &&
    (await verifier.verify(server.key, serverProofBytes(greeting), proof));
  if (!isProved) throw unproved();
  const formers = await formersOf(welcome, verifier);
  return { greeting, fingerprint: fingerprintWith(server.key, verifier.sha256), welcome, formers };
}

async function formersOf(
  { server, predecessors = [] }: NoticeOf<"welcome">,
  verifier: Verifier,
): Promise<Fingerprint[]> {
  const formers: Fingerprint[] = [];
  let next = server.key;
  for (const { key, signature } of predecessors) {
    if (!(await verifier.verify(key, successorBytes(next), signature))) break;
    formers.push(fingerprintWith(key, verifier.sha256));
    next = key;
  }
  return formers;
}

/** Greets and leaves: nothing is trusted, nothing sent but the hello. @throws Fault as `greet` */
export async function meet(
  options: GreetOptions & { readonly dial: () => Promise<Link> },
): Promise<Greeted> {
  const connection = new Connection(await options.dial(), options.clock);
  try {
    return await greet(connection, options);
  } finally {
    connection.close();
  }
}
