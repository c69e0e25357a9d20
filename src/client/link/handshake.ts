/** What every client says first, a program or a page: only how it checks proofs differs. */
import { Fault } from "../../base/fault.ts";
import { HELLO_WITHIN_MS, LOGIN_WITHIN_MS, RECONNECT_MAX_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import {
  type Answer,
  type NoticeOf,
  type RequestFields,
  type RequestKind,
  VERSION,
} from "../../wire/messages.ts";
import type { Connection } from "./connection.ts";

/**
 * Says hello; the answer is not proved yet.
 * @throws Fault timeout, version-unsupported, and whatever ended the connection
 */
export async function sayHello(
  connection: Connection,
  clock: Clock,
  hello: { readonly client: string; readonly nonce: Uint8Array },
): Promise<NoticeOf<"welcome">> {
  const welcome = await new Promise<NoticeOf<"welcome">>((resolve, reject) => {
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
    connection.tell({ kind: "hello", versions: [VERSION], ...hello });
  });
  if (welcome.version === VERSION) return welcome;
  throw new Fault("version-unsupported", `the server speaks version ${welcome.version}`);
}

export function unproved(): Fault {
  return new Fault("fingerprint-changed", "the server cannot prove its identity on this link", {
    remedy: "somebody may be in between; ask the server's owner",
  });
}

/** "Not now" is waited out, as long as the server waits for us. @throws Fault */
export async function askPatiently<Kind extends RequestKind>(
  connection: Connection,
  clock: Clock,
  kind: Kind,
  fields: RequestFields<Kind>,
): Promise<Answer<Kind>> {
  const until = clock.now() + LOGIN_WITHIN_MS;
  for (;;) {
    try {
      return await connection.ask(kind, fields);
    } catch (error) {
      // A refusal on a link that is gone is no answer.
      if (connection.isClosed) throw connection.lostBy;
      const waitMs = error instanceof Fault ? error.retryAfterMs : undefined;
      if (waitMs === undefined) throw error;
      const boundedMs = Math.min(Math.max(waitMs, 100), RECONNECT_MAX_MS);
      if (clock.now() + boundedMs >= until) throw error;
      await new Promise<void>((resolve) => clock.after(boundedMs, resolve));
    }
  }
}
