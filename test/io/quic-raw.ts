import { createPrivateKey } from "node:crypto";
import { SocketAddress } from "node:net";
import type { EndpointOptions, QuicEndpoint, QuicSession, SessionOptions } from "node:quic";
import { certificate, HOST } from "./quic-relays.ts";

/** node:quic itself, as Bun brings it, for tests of what it does. */

const ALPN = "trap";

export function loopback(port = 0): SocketAddress {
  return new SocketAddress({ address: HOST, port, family: "ipv4" });
}

async function rawQuic(): Promise<typeof import("node:quic")> {
  return process.getBuiltinModule("node:quic");
}

export interface RawServer {
  readonly endpoint: QuicEndpoint;
  readonly port: number;
  readonly sessions: QuicSession[];
}

export async function rawServer(
  more: SessionOptions = {},
  endpoint: EndpointOptions = {},
  onSession: (session: QuicSession) => void = () => {},
): Promise<RawServer> {
  const { listen } = await rawQuic();
  const sessions: QuicSession[] = [];
  const identity = {
    keys: createPrivateKey(certificate.keyPem),
    certs: Buffer.from(certificate.certPem),
  };
  const take = (session: QuicSession) => {
    sessions.push(calm(session));
    onSession(session);
  };
  const listening = await listen(take, {
    alpn: [ALPN],
    sni: { "*": identity },
    endpoint: { address: loopback(), ...endpoint },
    onstream: (stream) => void stream.closed.catch(() => {}),
    ...more,
  });
  return { endpoint: listening, port: listening.address?.port ?? 0, sessions };
}

export async function rawSession(port: number, more: SessionOptions = {}): Promise<QuicSession> {
  const { connect } = await rawQuic();
  return calm(await connect(loopback(port), { alpn: ALPN, servername: "x", ...more }));
}

export async function rawEndpoint(): Promise<QuicEndpoint> {
  const { QuicEndpoint } = await rawQuic();
  return new QuicEndpoint({ address: loopback() });
}

/** Otherwise its end is an uncaught error. */
function calm(session: QuicSession): QuicSession {
  session.onerror = () => {};
  return session;
}
