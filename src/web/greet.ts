import { Fault } from "../base/fault.ts";
import { HELLO_WITHIN_MS } from "../base/limits.ts";
import type { Greeting } from "../crypto/signed-bytes.ts";
import type { Connection } from "../io/connection.ts";
import { type Fingerprint, fingerprintWith } from "../wire/fingerprint.ts";
import { type NoticeOf, VERSION } from "../wire/messages.ts";
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
  const welcome = await new Promise<NoticeOf<"welcome">>((resolve, reject) => {
    const cancel = clock.after(HELLO_WITHIN_MS, () => {
      connection.close(new Fault("timeout", `no greeting within ${HELLO_WITHIN_MS / 1_000} s`));
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
    connection.tell({ kind: "hello", versions: [VERSION], client: PROGRAM, nonce: clientNonce });
  });
  if (welcome.version !== VERSION) {
    throw new Fault("version-unsupported", `the server speaks version ${welcome.version}`);
  }
  if (!(await isProven(subtle, welcome, clientNonce))) {
    throw new Fault("fingerprint-changed", "the server cannot prove its identity on this link", {
      remedy: "somebody may be in between; ask the server's owner",
    });
  }
  const fingerprint = fingerprintWith(welcome.server.key, pageSha256);
  return { greeting: greetingOf(welcome, clientNonce), fingerprint, welcome };
}
