import { expect, test } from "bun:test";
import type { UserId } from "../../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { CONCURRENT_HTTP_DOWNLOADS_MAX } from "../../../src/base/limits-page.ts";
import { Registry } from "../../../src/core/rooms/accounts.ts";
import { Identity } from "../../../src/crypto/identity.ts";
import { FileLinks } from "../../../src/server/http/download-links.ts";
import type { ExpiryClock } from "../../../src/server/kernel/server-clock.ts";
import { channelOf, TestFile } from "../data-channel.ts";
import { IrcClient } from "../irc/irc-client.ts";
import type { Site } from "../site.ts";
import { lab, operating } from "../site-lab.ts";

const DAY_MS = 86_400_000;
const USER = "uAAAAAAAAAAA" as UserId;
const FIVE = new TestFile("five", 4 * CHUNK_BYTES + 1_000, "five.bin");
const WHOLE = new Uint8Array(Buffer.concat(FIVE.chunks));
const ADDRESS = { host: "192.0.2.7", port: 2428 };
const LINK = /\[file\] five\.bin \(1\.0 MB\) https:\/\/192\.0\.2\.7:2428(\/files\/\S+)$/;

/** A file in #lab, and its address as IRC shows it to ben. */
async function linked(addresses = [ADDRESS]) {
  const { site, ana, ben } = await lab();
  site.server.setAddresses(() => addresses);
  const gateway = site.server.openIrc();
  await ben.request("passwd", { password: "sesame-ben" });
  const irc = new IrcClient(site, gateway);
  await irc.logIn("ben", "sesame-ben");
  await FIVE.upload(await channelOf(ana), ["lab"]);
  const line = await irc.until("[file] five.bin");
  const path = LINK.exec(line)?.[1] ?? "";
  const status = async (wanted = path) => (await site.wait(site.fetch(wanted))).status;
  return { site, ana, ben, irc, line, path, status };
}

type Linked = Awaited<ReturnType<typeof linked>>;

async function bodyOf(site: Site, response: Response): Promise<Uint8Array> {
  return new Uint8Array(await site.wait(response.arrayBuffer()));
}

test("downloads the file at the address that IRC shows, also after a restart", async () => {
  const { site, irc, path, status } = await linked();
  const response = await site.wait(site.fetch(path));
  expect(response.status).toBe(200);
  expect(await bodyOf(site, response)).toEqual(WHOLE);
  irc.lose();
  await site.quiet();
  expect(await status()).toBe(200);
  await site.stop();
  await site.wait(site.start());
  expect(await status()).toBe(200);
  const range = { headers: { range: "bytes=-7" } };
  const part = await site.wait(site.fetch(path, range));
  expect(await bodyOf(site, part)).toEqual(WHOLE.subarray(-7));
});

test("omits the default port, and the address of an unreachable server", async () => {
  const { line } = await linked([{ host: "chat.example", port: 443 }]);
  expect(line).toContain(" https://chat.example/files/");
  expect((await linked([])).line).toEndWith("[file] five.bin (1.0 MB)");
});

test("is valid until the end of the next day, and shown with a new address then", async () => {
  const { site, path, status } = await linked();
  const leftMs = DAY_MS - (site.time.unixMs() % DAY_MS);
  await site.time.jump(leftMs + DAY_MS - 1);
  expect(await status()).toBe(200);
  await site.time.jump(1);
  expect(await status()).toBe(404);
  const again = new IrcClient(site, site.server.openIrc());
  await again.logIn("ben", "sesame-ben", "message-tags batch draft/chathistory");
  const history = await again.ask("CHATHISTORY LATEST #lab * 10");
  const fresh = history.map((line) => LINK.exec(line)?.[1]).find((found) => found !== undefined);
  expect([fresh === path, await status(fresh)]).toEqual([false, 200]);
});

test("refuses a link of a later day, as of a server whose clock was wrong", () => {
  let unixMs = 20_000 * DAY_MS;
  const clock = { unixMs: () => unixMs } as ExpiryClock;
  const links = new FileLinks({ identity: Identity.generate(), clock, registry: new Registry() });
  const token = links.pathOf(USER, FIVE.id).slice("/files/".length);
  expect(links.parse(token)).toEqual({ user: USER, file: FIVE.id });
  unixMs -= 1;
  expect(links.parse(token)).toBeUndefined();
});

test("refuses a link with any part changed", async () => {
  const { path, status } = await linked();
  const parts = path.split("/");
  expect(parts.map((part) => part.length)).toEqual([0, 5, 12, 12, 5, 22]);
  const swapped = (text: string) =>
    text.endsWith("A") ? text.replace(/.$/, "B") : text.replace(/.$/, "A");
  for (const at of [2, 3, 5]) {
    const changed = parts.map((part, i) => (i === at ? swapped(part) : part)).join("/");
    expect([changed, await status(changed)]).toEqual([changed, 404]);
  }
  const day = Number(parts[4]);
  for (const other of [day - 1, day + 1, `0${day}`, 0, 1e21]) {
    expect(await status(path.replace(`/${day}/`, `/${other}/`))).toBe(404);
  }
  for (const other of [`${path}A`, path.slice(0, -1), `${path}/`, path.replace("/f", "//f")]) {
    expect([other, await status(other)]).toEqual([other, 404]);
  }
  expect(await status()).toBe(200);
});

test("makes the links of another identity worthless", () => {
  const clock = { unixMs: () => 0 } as ExpiryClock;
  const [ours, other] = [Identity.generate(), Identity.generate()].map(
    (identity) => new FileLinks({ identity, clock, registry: new Registry() }),
  );
  const token = ours?.pathOf(USER, FIVE.id).slice("/files/".length) ?? "";
  expect(other?.parse(token)).toBeUndefined();
});

test("checks the account when a download begins", async () => {
  const { ana, ben, status, site } = await linked();
  await ben.request("leave", { room: "lab" });
  expect(await status()).toBe(404);
  await ben.request("join", { room: "lab" });
  expect(await status()).toBe(200);
  await operating(ana);
  await ana.request("ban", { user: "ben", on: true });
  await site.quiet();
  expect(await status()).toBe(404);
  await ana.request("ban", { user: "ben", on: false });
  expect(await status()).toBe(200);
  await ana.request("remove", { user: "ben" });
  expect(await status()).toBe(404);
});

test.each([
  ["a sign-out", async ({ ana }) => void (await ana.request("sign-out", { user: "ben" }))],
  [
    "a new password",
    async ({ ben }) => void (await ben.request("passwd", { current: "sesame-ben", password: "x" })),
  ],
  [
    "a revoked IRC password",
    async ({ ben }) => {
      const { id } = await ben.request("irc-password", {});
      await ben.request("irc-password-revoke", { id });
    },
  ],
] satisfies [string, (site: Linked) => Promise<void>][])("ends at %s", async (_, revoke) => {
  const site = await linked();
  await operating(site.ana);
  expect(await site.status()).toBe(200);
  await revoke(site);
  await site.site.quiet();
  expect(await site.status()).toBe(404);
});

test.each(["kick", "ban", "cancel"])("ends a download after a %s", async (event) => {
  const { site, ana, path } = await linked();
  await operating(ana);
  const reader = (await site.wait(site.fetch(path))).body?.getReader();
  expect((await site.wait(reader?.read() ?? Promise.reject()))?.value).toHaveLength(CHUNK_BYTES);
  if (event === "kick") await ana.request("kick", { room: "lab", user: "ben" });
  if (event === "ban") await ana.request("ban", { user: "ben", on: true });
  if (event === "cancel") {
    const { transfers } = await ana.request("transfers", {});
    expect(transfers).toMatchObject([{ user: "ben", name: FIVE.name, web: true }]);
    await ana.request("cancel", { user: "ben", file: FIVE.id, direction: "down" });
  }
  const rest = async () => {
    while ((await reader?.read())?.done === false);
  };
  expect(await site.wait(rest().catch((error: Error) => error.message))).toContain("no such file");
});

test("limits the downloads by links of an account", async () => {
  const { site, path, status } = await linked();
  const running: Response[] = [];
  for (let i = 0; i < CONCURRENT_HTTP_DOWNLOADS_MAX; i++) {
    running.push(await site.wait(site.fetch(path)));
  }
  expect(running.at(-1)?.status).toBe(200);
  expect(await status()).toBe(503);
  await site.wait(running[0]?.body?.cancel() ?? Promise.reject());
  expect(await status()).toBe(200);
});
