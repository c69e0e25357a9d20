/** Greeting of a server, which proves its identity. */

import { equalBytes } from "../base/bytes.ts";
import { Fault, msg } from "../base/fault.ts";
import { HELLO_TIMEOUT_MS } from "../base/limits.ts";
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
import { type NoticeOf, VERSION } from "../wire/messages.ts";
import { Connection } from "./link/connection.ts";
import type { Verifier } from "./link/keys.ts";

/** A server that has proved its identity on this link. Whether it is trusted is a second step. */
export interface Greeted {
  readonly greeting: Greeting;
  readonly fingerprint: Fingerprint;
  readonly welcome: NoticeOf<"welcome">;
  /** Former keys of this server, newest first, each of which has signed its successor. */
  readonly formers: readonly Fingerprint[];
}

/** Returns the keys of a server: the proved one, then its former ones. */
export function serverKeys({ welcome, formers }: Greeted): readonly Uint8Array[] {
  const { server, predecessors = [] } = welcome;
  return [server.key, ...predecessors.slice(0, formers.length).map(({ key }) => key)];
}

export interface GreetOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly verifier: Verifier;
  readonly program: string;
}

/**
 * Sends hello and verifies the answer; nothing else was sent before.
 * @throws {Fault} fingerprint-changed if the proof is wrong, timeout, version-unsupported, and the
 * connection's
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

/**
 * Greets and closes: nothing is trusted, and nothing but the hello is sent.
 * @throws {Fault} as `greet`
 */
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

/**
 * Sends hello; the answer is not verified yet.
 * @throws {Fault} timeout, version-unsupported, and the connection's
 */
async function sayHello(
  connection: Connection,
  clock: Clock,
  hello: { readonly client: string; readonly nonce: Uint8Array },
): Promise<NoticeOf<"welcome">> {
  const welcome = await new Promise<NoticeOf<"welcome">>((resolve, reject) => {
    const cancel = clock.after(HELLO_TIMEOUT_MS, () => {
      connection.close(new Fault("timeout", msg`no greeting within ${HELLO_TIMEOUT_MS / 1000} s`));
    });
    connection.listen((notice) => {
      if (notice.kind !== "welcome") return;
      cancel();
      connection.listen(undefined); // Later notices are queued for the next listener.
      resolve(notice);
    });
    connection.onClosed(() => {
      cancel();
      reject(connection.lostBy);
    });
    connection.tell({ kind: "hello", versions: [VERSION], ...hello });
  });
  if (welcome.version === VERSION) return welcome;
  throw new Fault("version-unsupported", msg`the server speaks version ${welcome.version}`);
}

function unproved(): Fault {
  return new Fault("fingerprint-changed", "the server cannot prove its identity on this link", {
    remedy: "somebody may be in between; ask the server's owner",
  });
}
