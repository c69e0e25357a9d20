import { expect, test } from "bun:test";
import { LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX } from "../../src/base/limits.ts";
import type { Address, Link } from "../../src/io/link.ts";
import { QuicDialer } from "../../src/io/quic-dial.ts";
import { listenQuic } from "../../src/io/quic-listener.ts";
import { countedLink } from "../client/counted-link.ts";
import { certificate, DIAL_MS, HOST } from "../io/quic-place.ts";
import { Site } from "./site.ts";

/** The loopback has no bound of links: this is how the server sees whoever calls from there. */
const STRANGER = "203.0.113.9";

function asStranger({ port }: Address): Address {
  return { host: STRANGER, port };
}

test("links that do not log in are bounded per address, over UDP and TCP together", async () => {
  const site = await Site.open();
  const { server } = site;
  const udp = listenQuic(
    { host: HOST, port: 0, tls: certificate },
    {
      accept: (remote) => server.accept(asStranger(remote)),
      link: (link) => {
        const remote = asStranger(link.remote);
        server.link({ ...countedLink(link, () => {}), remote });
      },
    },
  );
  server.listen(udp);
  const dialer = new QuicDialer();
  const call = () => dialer.dial({ host: HOST, port: udp.port, timeoutMs: DIAL_MS });
  const links: Link[] = [];
  for (let i = 0; i < LINKS_BEFORE_LOGIN_PER_ADDRESS_MAX; i++) links.push(await call());
  const refused: unknown = await call().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "unreachable" });
  await expect(site.connect(STRANGER)).rejects.toThrow();
  const other = await site.greeted("198.51.100.7");
  expect(other.isProven).toBe(true);
  for (const link of links) link.destroy();
  dialer.close();
  const stopped = site.stop();
  await stopped;
}, 20_000);
