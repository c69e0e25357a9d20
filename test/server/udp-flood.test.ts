import { expect } from "bun:test";
import {
  LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
} from "../../src/base/limits.ts";
import type { Address, Link } from "../../src/io/link/link.ts";
import type { QuicWire } from "../../src/io/quic/adapter.ts";
import { QUIC_CODE } from "../../src/io/quic/connection.ts";
import { QuicDialer } from "../../src/io/quic/dial.ts";
import { listenQuic } from "../../src/io/quic/listener.ts";
import type { Server } from "../../src/server/server.ts";
import { countedLink } from "../client/counted-link.ts";
import { until, within } from "../event.ts";
import { OPENING, Stranger } from "../io/quic-fixture.ts";
import { certificate, DIAL_MS, HOST } from "../io/quic-relays.ts";
import { rejection } from "../rejection.ts";
import { Guest, newKeys } from "./guest.ts";
import { siteTest } from "./site-lab.ts";

/** Use a remote address for clients, because loopback has no limit on links. */
const STRANGER = "203.0.113.9";

function asStranger({ port }: Address): Address {
  return { host: STRANGER, port };
}

function listenAsStranger(server: Server): ReturnType<typeof listenQuic> {
  const udp = listenQuic(
    { host: HOST, port: 0, tls: certificate },
    {
      accept: (remote) => server.sessions.accept(asStranger(remote)),
      connecting: (remote) => server.sessions.connecting(asStranger(remote)),
      link: (link) => {
        server.sessions.link({ ...countedLink(link, () => {}), remote: asStranger(link.remote) });
      },
    },
  );
  server.listen(udp);
  return udp;
}

siteTest("limits links without log-in per address, across UDP and TCP", async (site) => {
  const { server } = site;
  const udp = listenAsStranger(server);
  const dialer = new QuicDialer();
  const call = () => dialer.dial({ host: HOST, port: udp.port, timeoutMs: DIAL_MS });
  const links: Link[] = [];
  for (let i = 0; i < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX; i++) links.push(await call());
  const refused: unknown = await call().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "unreachable" });
  expect(await rejection(site.connect(STRANGER))).toBeInstanceOf(Error);
  const other = await site.greeted("198.51.100.7");
  expect(other.isProven).toBe(true);
  for (const link of links) link.destroy();
  dialer.close();
  await site.stop();
});

siteTest("counts connections without a link until they close", async (site) => {
  const { server } = site;
  const udp = listenAsStranger(server);
  const stranger = new Stranger();
  const handshaken = async () => {
    const wire = await stranger.wire(udp.port);
    await within("a handshake", wire.opened());
    return wire;
  };
  const wires: QuicWire[] = [];
  for (let i = 0; i < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX; i++) wires.push(await handshaken());
  await until("their being counted", () => !server.sessions.accept({ host: STRANGER, port: 1 }));
  const further = await handshaken();
  await within("its being turned away", further.closed);
  expect(further.code).toBe(QUIC_CODE.refused);
  expect(await rejection(site.connect(STRANGER))).toBeInstanceOf(Error);
  const [first, second] = wires;
  if (first === undefined || second === undefined) throw new Error("none waits");
  const { pipe } = await stranger.pipe(first);
  pipe.write(OPENING);
  await until("its link", () => server.clientCount === 1);
  expect(server.sessions.accept({ host: STRANGER, port: 1 })).toBe(false);
  second.close(QUIC_CODE.lost);
  await until("a free place", () => server.sessions.accept({ host: STRANGER, port: 1 }));
  for (const wire of wires) wire.close(QUIC_CODE.lost);
  await until("the end of the link", () => server.clientCount === 0);
  stranger.close();
  const quiet = await site.greeted("198.51.100.7");
  expect(quiet.isProven).toBe(true);
  await within("the end of the listener", udp.stop());
  await site.stop();
});

siteTest("closes an unauthenticated link at the header of a long message", async (site) => {
  const { server } = site;
  const udp = listenQuic({ host: HOST, port: 0, tls: certificate }, server.sessions);
  server.listen(udp);
  const stranger = new Stranger();
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, MESSAGE_BEFORE_LOGIN_BYTES_MAX + 1);
  const { pipe, broken } = await stranger.pipe(await stranger.wire(udp.port));
  for (const piece of [OPENING, header]) expect(pipe.write(piece)).toBe("taken");
  expect(await within("the end", broken)).toBe(QUIC_CODE.tooLarge);
  stranger.close();
  const dialer = new QuicDialer();
  const link = await dialer.dial({ host: HOST, port: udp.port, timeoutMs: DIAL_MS });
  const ana = new Guest(site, link, newKeys());
  await within("a word of a member", logIn(ana));
  link.destroy();
  await within("the end of the listener", udp.stop());
  dialer.close();
  await site.stop();
});

/** Logs in over a real link, which takes real time outside the site's clock. */
async function logIn(guest: Guest): Promise<void> {
  const { site } = guest;
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const spin = async <Value>(work: Promise<Value>): Promise<Value> => {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    while (!isDone) {
      await site.time.advance(0);
      await turn();
    }
    return work;
  };
  const hello = { kind: "hello", versions: [3], client: "guest", nonce: guest.nonce } as const;
  guest.notify({ ...hello, versions: [...hello.versions] });
  while (guest.all("welcome")[0] === undefined) await turn();
  guest.welcome = guest.all("welcome")[0];
  await spin(guest.send("register", guest.registration("ana")));
  const text = "x".repeat(2 * MESSAGE_BEFORE_LOGIN_BYTES_MAX);
  await spin(guest.post(text));
  await spin(guest.send("logout", {}));
  const secret = "x".repeat(1_024);
  await spin(guest.send("admit", { secret }).catch(() => undefined));
}
