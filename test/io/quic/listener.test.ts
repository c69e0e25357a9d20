import { afterAll, describe, expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import { makeCertificate } from "../../../src/crypto/certificate.ts";
import type { Address, Link } from "../../../src/io/link/link.ts";
import { QuicDialer } from "../../../src/io/quic/dial.ts";
import { listenQuic } from "../../../src/io/quic/listener.ts";
import { wsDial } from "../../../src/io/ws/dial.ts";
import { listenWs } from "../../../src/io/ws/listener.ts";
import { certificateHash } from "../../crypto/certificate-hash.ts";
import { until } from "../../event.ts";
import { rejection } from "../../rejection.ts";
import { LinkObserver } from "../link-observer.ts";
import { certificate, DIAL_MS, HOST } from "../quic-relays.ts";

const dialer = new QuicDialer();
afterAll(() => dialer.close());

describe("a listener", () => {
  test("shares its port number and certificate with WebSocket", async () => {
    const links: Link[] = [];
    const events = { accept: () => true, link: (link: Link) => void links.push(link) };
    const http = () => new Response("page");
    const tcp = listenWs({ host: HOST, port: 0, tls: certificate, http }, events);
    const udp = listenQuic({ host: HOST, port: tcp.port, tls: certificate }, events);
    expect(udp).toMatchObject({ transport: "udp", port: tcp.port });
    const to = { host: HOST, port: tcp.port, timeoutMs: DIAL_MS };
    const both = [await wsDial()(to), await dialer.dial(to)];
    await until("both links", () => links.length === 2);
    for (const link of [...both, ...links]) {
      expect(link.certificateHash).toEqual(certificateHash(certificate.certPem));
    }
    expect(links.map(({ transport }) => transport)).toEqual(["tcp", "udp"]);
    for (const link of both) link.close();
    await Promise.all([tcp.stop(), udp.stop()]);
  });

  test("reports a data channel with its link, and accepts each", async () => {
    const asked: Address[] = [];
    const observed: { link: Link; parent: Link | undefined }[] = [];
    let room = 3;
    const listener = listenQuic(
      { host: HOST, port: 0, tls: certificate },
      {
        accept: (remote) => {
          asked.push(remote);
          return room-- > 0;
        },
        link: (link, parent) => void observed.push({ link, parent }),
      },
    );
    const to = { host: HOST, port: listener.port, timeoutMs: DIAL_MS };
    const link = await dialer.dial(to);
    const observer = new LinkObserver(link);
    await link.openChannel();
    expect(observed).toHaveLength(2);
    expect(observed[0]?.parent).toBeUndefined();
    expect(observed[1]?.parent).toBe(observed[0]?.link);
    expect(asked).toHaveLength(3);
    expect(new Set(asked.map(({ host }) => host))).toEqual(new Set([HOST]));
    expect(await rejection(link.openChannel())).toMatchObject({ code: "unreachable" });
    expect(observer.closedCount).toBe(0);
    link.close();
    expect(await observer.closed()).toBeUndefined();
    await listener.stop();
  });
});

describe("a listener fails", () => {
  const events = { accept: () => true, link: () => {} };
  const faultOf = (more: object): unknown => {
    try {
      listenQuic({ host: HOST, port: 0, tls: certificate, ...more }, events);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test("if the port is in use", async () => {
    const first = listenQuic({ host: HOST, port: 0, tls: certificate }, events);
    const { port } = first;
    expect(faultOf({ port })).toMatchObject({ code: "port-taken" });
    expect(String(faultOf({ port }))).toContain(`UDP port ${port} is in use`);
    await first.stop();
  });

  test.each(["192.0.2.1", "no such host", "2001:db8::1"])("on %s", (host) => {
    expect(faultOf({ host })).toMatchObject({ code: "usage" });
    expect(String(faultOf({ host }))).toContain(`${host} is not an address of this machine`);
  });

  test("without a certificate", async () => {
    const { keyPem } = await makeCertificate();
    expect(faultOf({ tls: { certPem: "nonsense", keyPem } })).toMatchObject({ code: "usage" });
    expect(faultOf({ tls: { certPem: certificate.certPem, keyPem: "x" } })).toBeInstanceOf(Fault);
  });
});
