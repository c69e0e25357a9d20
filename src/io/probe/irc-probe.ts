/** Check of an IRC listener, for `chat doctor`. */

import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { Fault } from "../../base/fault.ts";
import { errorCode } from "../disk/disk.ts";

export interface IrcTarget {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly timeoutMs: number;
}

/** Longer than the answer of `chat serve`; other services may send anything. */
const ANSWER_BYTES_MAX = 4_096;

/**
 * Returns the SHA-256 of the certificate, as openssl prints it, or `undefined` without TLS.
 * @throws {Fault} unreachable, timeout
 */
export function probeIrc(target: IrcTarget): Promise<string | undefined> {
  const { host, port, isSecure, timeoutMs } = target;
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  // The user compares the certificate with the one that the IRC client has stored.
  const socket: Socket = isSecure
    ? connectTls({ host, port, rejectUnauthorized: false })
    : connectTcp({ host, port });
  const timer = setTimeout(() => {
    reject(new Fault("timeout", `no answer from IRC port ${port} within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  let received = "";
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
    if (/ CAP \S+ LS /.test(received)) return resolve(certificateHash(socket));
    if (received.length > ANSWER_BYTES_MAX) reject(notIrc(port));
  });
  socket.on("error", (cause) => reject(unreachable(port, cause)));
  socket.on("close", () => reject(notIrc(port)));
  socket.write("CAP LS 302\r\n");
  return promise.finally(() => {
    clearTimeout(timer);
    socket.destroy();
  });
}

function certificateHash(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : undefined;
}

function unreachable(port: number, cause: unknown): Fault {
  const reason = errorCode(cause) || String(cause);
  return new Fault("unreachable", `cannot connect to IRC port ${port} (${reason})`, {
    remedy: "check the settings irc and irc-tls of the server",
    cause,
  });
}

function notIrc(port: number): Fault {
  return new Fault("unreachable", `port ${port} does not answer as an IRC server`, {
    remedy: "check the port: another program may use it",
  });
}
