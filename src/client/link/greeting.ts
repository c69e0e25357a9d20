/** Greeting, in which a server proves its identity. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { HELLO_TIMEOUT_MS } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import {
  type Greeting,
  NONCE_BYTES,
  serverProofBytes,
  successorBytes,
} from "../../crypto/signed-bytes.ts";
import { type Clock, delay } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { Link } from "../../io/link/link.ts";
import { encode } from "../../wire/codec.ts";
import { type Fingerprint, fingerprintWith } from "../../wire/fingerprint.ts";
import { type NoticeOf, WIRE_VERSION } from "../../wire/messages.ts";
import { newestVersion } from "../../wire/since.ts";
import { Connection } from "./connection.ts";
import type { Verifier } from "./keys.ts";
import { clusterVersion, serverVersion } from "./server-version.ts";

/** Server that has proved its identity, but is not necessarily trusted. */
export interface GreetedServer {
  readonly greeting: Greeting;
  readonly fingerprint: Fingerprint;
  readonly welcome: NoticeOf<"welcome">;
  /** Newest first. Each key has signed its successor. */
  readonly formers: readonly Fingerprint[];
}

export function serverKeys({ welcome, formers }: GreetedServer): readonly Uint8Array[] {
  const { server, predecessors = [] } = welcome;
  return [server.key, ...predecessors.slice(0, formers.length).map(({ key }) => key)];
}

export interface GreetOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly verifier: Verifier;
  readonly program: string;
  /** Returns what the server should prove in its greeting. */
  readonly seen?: (nonce: Uint8Array) => NonNullable<NoticeOf<"hello">["seen"]>;
}

/** First message of a link, which a dialer may send while it connects. */
export class Hello {
  readonly nonce: Uint8Array;
  readonly bytes: Uint8Array;

  constructor({ entropy, program, seen }: Pick<GreetOptions, "entropy" | "program" | "seen">) {
    this.nonce = entropy(NONCE_BYTES);
    const { nonce } = this;
    this.bytes = encode({
      kind: "hello",
      versions: [WIRE_VERSION],
      client: program,
      nonce,
      knows: newestVersion(),
      ...defined({ seen: seen?.(nonce) }),
    });
  }
}

/**
 * @param hello sent now, unless the dialer has sent it
 * @throws {Fault} fingerprint-changed if the proof is wrong, timeout, version-unsupported, and the
 * connection's faults
 */
export async function greet(
  connection: Connection,
  options: GreetOptions,
  hello = new Hello(options),
): Promise<GreetedServer> {
  const { clock, verifier } = options;
  const welcome = await sendHello(connection, clock, hello);
  const { server, nonce: serverNonce } = welcome;
  const seen = verifier.seesCertificate ? connection.link.certificateHash : welcome.certificate;
  const { certificate: certificateHash, proof } = proofOf(welcome, seen) ?? {};
  if (certificateHash === undefined || proof === undefined) throw new UnprovedIdentity();
  const greeting = { certificateHash, clientNonce: hello.nonce, serverNonce };
  const isProved =
    serverNonce.length === NONCE_BYTES &&
    (await verifier.verify(server.key, serverProofBytes(greeting), proof));
  if (!isProved) throw new UnprovedIdentity();
  connection.serverVersion = serverVersion(welcome);
  connection.clusterVersion = clusterVersion(welcome);
  const formers = await verifiedFormers(welcome, verifier);
  return { greeting, fingerprint: fingerprintWith(server.key, verifier.sha256), welcome, formers };
}

/** Proof for the certificate with which the client sees the server. */
export function proofOf(
  welcome: NoticeOf<"welcome">,
  seen: Uint8Array,
): { readonly certificate: Uint8Array; readonly proof: Uint8Array } | undefined {
  return [welcome, ...(welcome.others ?? [])].find(({ certificate }) =>
    equalBytes(certificate, seen),
  );
}

async function verifiedFormers(
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

export async function fetchGreeting(
  options: GreetOptions & { readonly dial: (first: Uint8Array) => Promise<Link> },
): Promise<GreetedServer> {
  return untilProved(options.clock, async () => {
    const hello = new Hello(options);
    const connection = new Connection(await options.dial(hello.bytes), options.clock);
    try {
      return await greet(connection, options, hello);
    } finally {
      connection.close();
    }
  });
}

const PROVING_ATTEMPTS = 4;
const PROVING_INTERVAL_MS = 1_000;

/**
 * Repeats an attempt while the server cannot prove its identity, because a proxy may use a new
 * certificate some moments before the server has read it.
 */
export async function untilProved<Result>(
  clock: Pick<Clock, "after">,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (let left = PROVING_ATTEMPTS - 1; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof UnprovedIdentity) || left === 0) throw error;
    }
    await delay(clock, PROVING_INTERVAL_MS);
  }
}

async function sendHello(
  connection: Connection,
  clock: Clock,
  hello: Hello,
): Promise<NoticeOf<"welcome">> {
  const welcome = await new Promise<NoticeOf<"welcome">>((resolve, reject) => {
    const cancel = clock.after(HELLO_TIMEOUT_MS, () => {
      connection.close(
        new Fault("timeout", msg`the server sent no greeting within ${HELLO_TIMEOUT_MS / 1000} s`),
      );
    });
    connection.listen((notice) => {
      if (notice.kind !== "welcome") return;
      cancel();
      connection.listen(undefined);
      resolve(notice);
    });
    connection.onClosed(() => {
      cancel();
      reject(explainVersion(connection.closeFault));
    });
    if (connection.link.hasSentFirst !== true) connection.link.send(hello.bytes);
  });
  if (welcome.version === WIRE_VERSION) return welcome;
  throw new Fault("version-unsupported", msg`the server uses protocol version ${welcome.version}`);
}

/** Servers of 0.1 to 0.3 close with a text that names their version of the protocol. */
function explainVersion(fault: Fault): Fault {
  const isFormer = /\bversion [12], not\b/.test(fault.message);
  if (fault.code !== "version-unsupported" || !isFormer) return fault;
  return new Fault("version-unsupported", msg`the server runs chat 0.3.0 or earlier`, {
    remedy: msg`ask the server's operator to upgrade chat`,
  });
}

class UnprovedIdentity extends Fault {
  constructor() {
    super("fingerprint-changed", "the server cannot prove its identity on this link", {
      remedy: "someone may be intercepting the connection; ask the server's owner",
    });
  }
}
