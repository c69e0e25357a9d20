import { equalBytes } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { HELLO_WITHIN_MS } from "../base/limits.ts";
import { verifyServerProof } from "../crypto/greeting.ts";
import { fingerprintOf } from "../crypto/identity.ts";
import type { Greeting } from "../crypto/signed-bytes.ts";
import type { Pin } from "../io/client-state.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import { type Fingerprint, formatFingerprint } from "../wire/fingerprint.ts";
import { type NoticeOf, VERSION } from "../wire/messages.ts";
import type { Connection } from "./connection.ts";

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
  const welcome = await receiveWelcome(connection, clock, () =>
    connection.tell({ kind: "hello", versions: [VERSION], client, nonce: clientNonce }),
  );
  if (welcome.version !== VERSION) {
    throw new Fault("version-unsupported", `the server speaks version ${welcome.version}`);
  }
  const { certificateHash } = connection.link;
  const greeting = { certificateHash, clientNonce, serverNonce: welcome.nonce };
  const isProved =
    equalBytes(welcome.certificate, certificateHash) &&
    verifyServerProof(welcome.server.key, greeting, welcome.proof);
  if (!isProved) {
    throw new Fault("fingerprint-changed", "the server cannot prove its identity on this link", {
      remedy: "somebody may be in between; ask the server's owner",
    });
  }
  return { greeting, fingerprint: fingerprintOf(welcome.server.key), welcome };
}

function receiveWelcome(
  connection: Connection,
  clock: Clock,
  sayHello: () => void,
): Promise<NoticeOf<"welcome">> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(HELLO_WITHIN_MS, () => {
      connection.close(new Fault("timeout", `no greeting within ${HELLO_WITHIN_MS / 1000} s`));
    });
    connection.listen((notice) => {
      if (notice.kind !== "welcome") return;
      cancel();
      connection.listen(undefined); // What follows is held for whoever listens next.
      resolve(notice);
    });
    connection.onClosed(() => {
      cancel();
      reject(connection.lostBy);
    });
    sayHello();
  });
}

export interface Expectation {
  /** Given by the user or an invite. */
  readonly given: Fingerprint | undefined;
  readonly pinned: Pin | undefined;
  /** Refuse whom nobody vouches for. */
  readonly strict: boolean;
}

/**
 * @returns `known`, or `first` for a server that is to be pinned now
 * @throws Fault fingerprint-changed, naming old and new
 */
export function judge(found: Fingerprint, expected: Expectation): "known" | "first" {
  const { given, pinned, strict } = expected;
  if (pinned !== undefined && pinned.fingerprint !== found) {
    const old = pinned.fingerprint as Fingerprint;
    throw changed("the server's identity has changed", old, found);
  }
  if (given !== undefined && given !== found) {
    throw changed("this is not the server that was asked for", given, found);
  }
  if (pinned !== undefined) return "known";
  if (given !== undefined || !strict) return "first";
  const sentence = `the server is not known here: ${formatFingerprint(found)}`;
  throw new Fault("fingerprint-changed", sentence, {
    remedy: "compare it, then chat trust accept SERVER or --fingerprint",
  });
}

function changed(what: string, old: Fingerprint, found: Fingerprint): Fault {
  const sentence = `${what}: expected ${formatFingerprint(old)}, found ${formatFingerprint(found)}`;
  return new Fault("fingerprint-changed", sentence);
}
