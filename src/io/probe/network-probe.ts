/** Checks on each hop to a server, for `chat doctor`. Each check has its own timeout. */

import { X509Certificate } from "node:crypto";
import { request } from "node:https";
import { createConnection, isIP, type Socket } from "node:net";
import { connect as connectTls, type DetailedPeerCertificate, TLSSocket } from "node:tls";
import { Fault } from "../../base/fault.ts";
import { errorCode } from "../disk/disk.ts";
import { PROXY_STATUSES } from "../http/proxy-status.ts";
import { sendingAddress } from "../lan/interfaces.ts";
import { routeCode } from "../lan/udp-probe.ts";
import { lookupHost } from "../link/addresses.ts";
import { connectFault, tcpCode } from "../ws/connect-fault.ts";
import { isOldTls } from "../ws/dial.ts";
import { formatHostPort } from "../ws/upgrade.ts";

const CHECKED_ADDRESSES_MAX = 4;

export interface ProbeTarget {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}

export interface TlsInfo {
  readonly protocol: string;
  readonly subject: string;
  readonly expires: string;
  /** Certificates that the server sent, in PEM format. */
  readonly chainPem: string;
}

export async function resolveHost(host: string): Promise<readonly string[]> {
  try {
    const found = await lookupHost(host);
    return found.slice(0, CHECKED_ADDRESSES_MAX).map(({ address }) => address);
  } catch (cause) {
    throw new Fault("unreachable", `cannot resolve ${host}`, {
      remedy: "check the spelling, or use the server's IP address",
      cause,
    });
  }
}

export async function localAddressFor(address: string): Promise<string> {
  return await sendingAddress(address, 9).catch((cause: unknown) => {
    const failed = { code: routeCode(cause), place: address, host: address, waitedMs: 0, cause };
    throw connectFault(failed);
  });
}

export function connectTcp({ address, port, timeoutMs }: ProbeTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const socket = createConnection({ host: address, port });
    const end = (act: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      act();
    };
    const timer = setTimeout(() => end(() => reject(noAnswer("TCP", port, timeoutMs))), timeoutMs);
    socket.once("connect", () => end(resolve));
    const fail = async (cause: Error) => {
      const waitedMs = performance.now() - startedAt;
      const place = formatHostPort(address, port);
      const code = await tcpCode(errorCode(cause), { host: address, port, waitedMs });
      reject(connectFault({ code, place, host: address, waitedMs, cause }));
    };
    socket.on("error", (error) => end(() => void fail(error)));
  });
}

export function handshakeTls({ host, address, port, timeoutMs }: ProbeTarget): Promise<TlsInfo> {
  return new Promise((resolve, reject) => {
    // Do not check the certificate, because the server signs its hash.
    const socketOptions = {
      host: address,
      port,
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
    } as const;
    const socket = connectTls({ ...socketOptions, ...serverName(host) });
    const end = (act: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      act();
    };
    const onTimeout = () => end(() => reject(notTls(`no answer within ${timeoutMs / 1000} s`)));
    const timer = setTimeout(onTimeout, timeoutMs);
    socket.once("secureConnect", () => {
      const info = tlsInfo(socket);
      end(() => resolve(info));
    });
    socket.on("error", (error) => {
      const code = errorCode(error);
      if (isOldTls(error.message)) return end(() => reject(oldTls(error)));
      end(() => reject(code === "ECONNRESET" ? closedEarly(error) : notTls(code, error)));
    });
    socket.on("close", () => end(() => reject(closedEarly())));
  });
}

/** Unix milliseconds, rounded to seconds; `undefined` if the server does not send its time. */
export function serverTime(target: ProbeTarget): Promise<number | undefined> {
  const { host, address, port, timeoutMs } = target;
  return new Promise((resolve) => {
    const healthRequest = request(
      {
        host: address,
        port,
        path: "/healthz",
        headers: { host: formatHostPort(host, port) },
        ...serverName(host),
        rejectUnauthorized: false,
        minVersion: "TLSv1.3",
        timeout: timeoutMs,
        agent: false,
      },
      (response) => {
        // A proxy whose server does not answer reports its own time.
        const { date } = PROXY_STATUSES.has(response.statusCode ?? 0) ? {} : response.headers;
        response.destroy();
        const unixMs = date === undefined ? Number.NaN : Date.parse(date);
        resolve(Number.isNaN(unixMs) ? undefined : unixMs);
      },
    );
    healthRequest.on("timeout", () => healthRequest.destroy());
    healthRequest.on("error", () => resolve(undefined));
    healthRequest.on("close", () => resolve(undefined));
    healthRequest.end();
  });
}

function serverName(host: string): { readonly servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

function tlsInfo(socket: TLSSocket): TlsInfo {
  const certificate = socket.getPeerCertificate(true);
  const { subject, valid_to } = certificate;
  const name: unknown = subject?.CN;
  return {
    protocol: socket.getProtocol() ?? "TLS",
    subject: typeof name === "string" ? name : "",
    expires: String(valid_to ?? ""),
    chainPem: chainPem(certificate),
  };
}

/** Real chains have at most four certificates. */
const CHAIN_LENGTH_MAX = 8;

function chainPem(leaf: DetailedPeerCertificate): string {
  const chain: string[] = [];
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next?.raw !== undefined && chain.length < CHAIN_LENGTH_MAX) {
    chain.push(new X509Certificate(next.raw).toString());
    // A self-signed certificate is its own issuer.
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain.join("\n");
}

function noAnswer(protocol: string, port: number, timeoutMs: number): Fault {
  const timeoutText = timeoutMs === 0 ? "" : ` within ${timeoutMs / 1000} s`;
  return new Fault("timeout", `no answer from ${protocol} port ${port}${timeoutText}`, {
    remedy: `a firewall may block ${protocol} port ${port}, or that machine may be off`,
  });
}

function closedEarly(cause?: unknown): Fault {
  return new Fault(
    "unreachable",
    "it accepts connections but closes them before the TLS handshake",
    { remedy: "it may be starting or stopping, or another program may use this port", cause },
  );
}

function oldTls(cause: unknown): Fault {
  return new Fault("unreachable", "it does not support TLS 1.3", {
    remedy: "enable TLS 1.3 on the proxy in between",
    cause,
  });
}

function notTls(reason: string, cause?: unknown): Fault {
  return new Fault(
    "unreachable",
    `it accepts connections but does not speak TLS (${reason || "no reason given"})`,
    { remedy: "check the port: another program may use it, or a proxy is in between", cause },
  );
}

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
    : createConnection({ host, port });
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
