import { expect } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";

/** The page of `chat web`, and who serves its port after it. */

const browser = sharedBrowser();

/** All that a page of this origin can find: rows of IndexedDB, and what is kept for the tab. */
const LOOT = `(async () => {
  const found = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage })];
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((go) => {
      const open = indexedDB.open(name);
      open.onsuccess = () => go(open.result);
    });
    for (const table of db.objectStoreNames) {
      const rows = await new Promise((go) => {
        const store = db.transaction(table).objectStore(table);
        const asked = store.getAllKeys();
        asked.onsuccess = () => go(asked.result);
      });
      for (const key of rows) found.push(table + " " + key);
    }
    db.close();
  }
  return found;
})()`;

pageTest("chat web: a key outlives the run, and whoever has the port next finds none", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const home = sandbox.home("ana");
  const start = async () => {
    const program = home.start(["web", served.invite, "--json"]);
    return { program, url: new URL(String((await program.json("web"))["url"])) };
  };
  const first = await start();
  await using ana = await browser.visit(first.url.href);
  await ana.enter("ana"); // Without a password: its key alone lets it in again.
  await ana.says("first run");
  await ana.sees("first run");
  await ana.settled();
  await ana.box.fill("half a thought");
  const kept = join(sandbox.path("ana"), "web");
  await first.program.signal("SIGINT");

  const second = await start();
  expect(second.url.origin).toBe(first.url.origin);
  await ana.page.goto(second.url.href); // Another fragment: the page loads itself anew.
  await ana.sees("first run");
  await ana.says("second run");
  await ana.sees("second run");
  await ana.settled();
  const lines = await home.json(["history", "--data", served.data, "--last", "2"]);
  expect(lines.map(({ from, text }) => [from, text])).toContainEqual(["ana", "second run"]);
  const [file = ""] = readdirSync(kept);
  expect(statSync(join(kept, file)).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(kept, file), "utf8")).toContain("keys device");
  const token = second.url.hash.slice(1).split("&")[0] ?? "";
  const ask = (bearer: string) =>
    fetch(`${second.url.origin}/kept`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}` },
      body: JSON.stringify({ op: "all", table: "keys", prefix: "" }),
    });
  expect((await ask("A".repeat(token.length))).status).toBe(401);
  expect((await ask(token)).status).toBe(200);
  await second.program.signal("SIGINT");

  using thief = Bun.serve({
    hostname: "127.0.0.1",
    port: Number(second.url.port),
    fetch: () =>
      new Response("<!doctype html><title>x</title>", { headers: { "content-type": "text/html" } }),
  });
  await ana.page.goto("about:blank");
  await ana.page.goto(`http://127.0.0.1:${thief.port}/`);
  const loot = ((await ana.page.evaluate(LOOT)) as string[]).join("\n");
  expect(loot).not.toMatch(/^(?:keys|places|drafts) /m);
  expect(loot).not.toContain("invite");
  expect(loot).not.toContain("half a thought");
});
