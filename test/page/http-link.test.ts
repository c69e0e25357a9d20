import { expect } from "bun:test";
import type { IncomingMessage } from "node:http";
import { MIB, sha256Of } from "../e2e/couriers.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { largeFile, secretOf } from "./fixtures.ts";
import { HttpProxy } from "./http-proxy.ts";
import { PageServer } from "./page-server.ts";
import { PICKERS, savedSha256 } from "./saved-files.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const FILE_BYTES = 6 * MIB + 123;

function visit({ address }: HttpProxy, initScript?: string): Promise<Visit> {
  const url = `https://${address}/#invite=${secretOf(server.served)}`;
  return server.browser.visit(url, initScript === undefined ? {} : { initScript });
}

async function stored(user: string): Promise<readonly string[]> {
  const reader = server.sandbox.home("reader");
  const { data } = server.served;
  const lines = await reader.json(["history", "--data", data, "--room", "lobby"]);
  const texts = lines.filter(({ kind, from }) => kind === "text" && from === user);
  return texts.map(({ text }) => String(text));
}

for (const isBuffering of [false, true]) {
  const kind = isBuffering ? "buffers responses" : "refuses WebSocket";
  pageTest(`sends, receives and transfers files behind a proxy that ${kind}`, async () => {
    await using proxy = await HttpProxy.open(server.served.port, { isBuffering });
    await using ana = await visit(proxy, PICKERS);
    const name = isBuffering ? "anabuf" : "ana";
    await ana.logIn(name);
    expect(proxy.upgrades).toBe(2);
    await ana.page.getByText(/^This network blocks WebSocket, so/).waitFor();
    const ben = await server.headlessUser(isBuffering ? "benbuf" : "ben");
    await ana.send(`hello from ${name}`);
    await ana.waitUntilSent();
    await ben.post(`welcome, ${name}`);
    await ana.waitForMessage(`welcome, ${name}`);
    expect(await stored(name)).toEqual([`hello from ${name}`]);

    const files = [1, 2].map((i) => `${name}-${i}.bin`);
    const paths = files.map((file) => largeFile(server.sandbox.path(file), FILE_BYTES));
    await ana.sendFiles(...paths);
    for (const [i, file] of files.entries()) {
      await ana.file(file).waitFor();
      await ana.button(`Save ${file}`).click();
      const hash = await sha256Of(paths[i] ?? "");
      const saved = () => savedSha256(ana, file).catch(() => undefined);
      await until(`${file} is saved`, async () => (await saved()) === hash);
    }
  });
}

pageTest("records each message once when answers are lost and the page reloads", async () => {
  let posts = 0;
  await using proxy = await HttpProxy.open(server.served.port);
  await using ana = await visit(proxy);
  await ana.logIn("lena");
  const losesAnswer = ({ method, url = "" }: IncomingMessage) =>
    method === "POST" && url.includes("/link/") && ++posts % 3 === 0;
  proxy.options = { losesAnswer };
  const words = Array.from({ length: 24 }, (_, i) => `word ${i + 1}.`);
  for (const word of words.slice(0, 12)) await ana.send(word);
  await ana.page.reload();
  await ana.composer.waitFor();
  for (const word of words.slice(12)) await ana.send(word);
  await ana.waitForMessage("word 24.");
  await ana.waitUntilSent();
  expect(posts).toBeGreaterThan(6);
  expect(await stored("lena")).toEqual(words);
});

pageTest("reports what the network refuses, and recovers", async () => {
  const refuses = ({ method }: IncomingMessage) => method === "POST";
  await using proxy = await HttpProxy.open(server.served.port, { refuses });
  await using ana = await visit(proxy);
  const reason = "This network blocks WebSocket and POST requests. The page needs one of the two.";
  await ana.page.getByText(reason).waitFor();
  proxy.options = {};
  await until("the page connects", async () => {
    const retry = ana.button("Retry now");
    if ((await retry.count()) > 0) await retry.click({ timeout: 500 }).catch(() => undefined);
    return (await ana.page.locator("#enter-name").count()) > 0;
  });
  await ana.logIn("remy");
  await ana.send("at last");
  await ana.waitUntilSent();
  let deletes = 0;
  const countsDeletes = ({ method }: IncomingMessage) => {
    if (method === "DELETE") deletes += 1;
    return false;
  };
  proxy.options = { refuses: countsDeletes };
  await ana.page.reload();
  await until("the closed page has left", () => deletes > 0);
  await ana.composer.waitFor();
});
