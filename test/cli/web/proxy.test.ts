import { describe, expect, test } from "bun:test";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { HELLO_TIMEOUT_MS } from "../../../src/base/limits.ts";
import { LOCAL_LINKS_MAX } from "../../../src/base/limits-page.ts";
import { WebProxy } from "../../../src/cli/web/proxy.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { sha256 } from "../../../src/crypto/sha256.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { MemoryNetwork } from "../../../src/io/link/memory-network.ts";
import { fingerprintWith } from "../../../src/wire/fingerprint.ts";
import { Guest, newKeys } from "../../server/guest.ts";
import { Site } from "../../server/site.ts";

const SERVER = { host: "10.0.0.1", port: 2428, timeoutMs: 5_000 };
const LOCAL = { host: "127.0.0.1", port: 8_000 };

interface ProxyOptions {
  readonly dial?: () => Promise<Link>;
  readonly isOther?: boolean;
}

async function proxyOf({ dial, isOther = false }: ProxyOptions = {}) {
  const site = await Site.open();
  const seen = await site.greeted();
  const key = isOther ? Identity.generate().publicKey : seen.welcome?.server.key;
  const proxy = new WebProxy({
    clock: site.clock,
    dial: dial ?? (() => site.network.dialFrom("10.0.0.5")(SERVER)),
    fingerprint: fingerprintWith(key ?? new Uint8Array(32), sha256),
  });
  const local = new MemoryNetwork(site.clock);
  local.listen({ ...LOCAL, certificateHash: new Uint8Array(32) }, proxy);
  const page = async (): Promise<Guest> => {
    let guest: Guest | undefined;
    const dialled = local
      .dialFrom("127.0.0.1")({ ...LOCAL, timeoutMs: 5_000 })
      .then((link) => {
        guest = new Guest(site, link, newKeys());
      });
    await site.wait(dialled);
    if (guest === undefined) throw new Error("no link");
    return guest;
  };
  return { site, gate: proxy, page };
}

describe("a local page", () => {
  test("is connected to the server", async () => {
    const { site, page } = await proxyOf();
    const tab = await page();
    const welcome = await tab.greet();
    expect(welcome.certificate).toEqual(site.certificateHash);
    await tab.request("register", tab.registration("ana"));
    await tab.until("caught-up");
    await site.wait(tab.post("hello"));
    await site.quiet();
    expect(tab.texts()).toEqual(["hello"]);
    const peers = site.server.clientCount;
    tab.hangUp();
    await site.until("the end of its link", () => site.server.clientCount < peers || undefined);
    await site.stop();
  });

  test("that sends nothing, or no greeting, is disconnected", async () => {
    const { site, page } = await proxyOf();
    const [silent, shy, rude] = [await page(), await page(), await page()];
    rude.raw(utf8Encode("what?"));
    expect((await rude.untilEnded()).fault?.code).toBe("frame-malformed");
    await site.time.advance(HELLO_TIMEOUT_MS - 100);
    expect([silent.ended, shy.ended]).toEqual([undefined, undefined]);
    await site.time.advance(200);
    for (const tab of [silent, shy]) {
      expect((await tab.untilEnded()).fault?.code).toBe("timeout");
    }
    await site.stop();
  });

  test("never receives the greeting of a different server", async () => {
    const { site, page } = await proxyOf({ isOther: true });
    const tab = await page();
    tab.notify({ kind: "hello", versions: [3], client: "tab", nonce: new Uint8Array(32) });
    expect((await tab.untilEnded()).fault?.code).toBe("fingerprint-changed");
    expect(tab.all("welcome")).toEqual([]);
    await site.stop();
  });

  test("is refused beyond LOCAL_LINKS_MAX", async () => {
    const { site, gate: proxy, page } = await proxyOf();
    const tabs: Guest[] = [];
    for (let i = 0; i < LOCAL_LINKS_MAX; i++) tabs.push(await page());
    expect(proxy.accept()).toBe(false);
    tabs[0]?.hangUp();
    await site.quiet();
    expect(proxy.accept()).toBe(true);
    await site.stop();
  });
});
