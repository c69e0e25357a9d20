import { afterAll, expect } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GUESSES_FREE } from "../../src/base/limits.ts";
import { installCommand } from "../../src/ui/text/install-command.ts";
import { noise, sha256, sha256Of } from "../e2e/couriers.ts";
import { Sandbox } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { secretOf } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const OFFER = mkdtempSync(join(tmpdir(), "chat-offer-"));
for (const name of ["chat-linux-x64", "chat-darwin-arm64"]) {
  writeFileSync(join(OFFER, name), `the program ${name}`);
}
afterAll(() => rmSync(OFFER, { recursive: true }));

pageTest("counts down while a wrong password is delayed, and announces it once", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await server.browser.visit(String(served.listening["web"]));
  const refused = ana.page.locator(".fault-line:not(:empty)");
  const delayNotice = ana.page.getByText(/^Too many wrong passwords from your network/);
  const guess = async (roomPassword: string) => {
    await ana.field("Server password").fill(roomPassword);
    await ana.button("Continue").click();
  };
  await ana.field("Name").fill("ana");
  for (let wrong = 0; wrong < GUESSES_FREE + 2; wrong++) {
    await guess(`wrong ${wrong}`);
    await refused.waitFor();
  }
  // The next attempt is delayed by four seconds.
  await guess("wrong again");
  await delayNotice.first().waitFor();
  const spoken = ana.page.locator("p.sr-only").filter({ hasText: "Too many wrong passwords" });
  const said = await spoken.textContent();
  expect(said).toMatch(/^Too many wrong passwords from your network\. Wait \d s\.$/);
  const shown = ana.page.locator('p.hint[aria-hidden="true"]');
  const first = await shown.textContent();
  await until("it counts down", async () => (await shown.textContent()) !== first);
  expect(await spoken.textContent()).toBe(said);
  await refused.waitFor();
  expect(await delayNotice.count()).toBe(0);
  await guess(secretOf(served));
  await ana.confirmNewAccount();
  await ana.composer.waitFor();
  expect(await delayNotice.count()).toBe(0);
});

function fieldAnnouncement({ page }: Visit): Promise<readonly unknown[]> {
  return page.evaluate<unknown[]>(`(() => {
    const { id, ariaInvalid } = document.activeElement;
    const about = document.activeElement.getAttribute("aria-describedby") ?? "";
    const texts = about.split(" ").map((one) => document.getElementById(one)?.innerText ?? "");
    return [id, ariaInvalid, texts.join(" ")];
  })()`);
}

async function expectFieldError(visit: Visit, id: string, text: RegExp): Promise<void> {
  const announcement = () => fieldAnnouncement(visit);
  await until(`${id} has the focus and says ${text}`, async () => {
    const [focused, isInvalid, about] = await announcement();
    return focused === id && isInvalid === "true" && text.test(String(about));
  });
}

pageTest("shows each error at its focused field, and proposes a valid name", async () => {
  const web = String(server.served.listening["web"]);
  const roomPassword = secretOf(server.served);
  await using ana = await server.browser.visit(`${web}#share=abc`);
  await ana.field("Server password").waitFor();
  expect(new URL(ana.page.url()).hash).toBe("");
  await ana.button("Continue").click();
  await expectFieldError(ana, "enter-name", /^Use 1 to 32 letters/);
  expect(await ana.button(/^Use /).count()).toBe(0);
  await ana.submitLogin("Jürgen Müller");
  await expectFieldError(
    ana,
    "enter-room",
    /^If Jürgen Müller is a new name, enter the server password/,
  );
  await ana.page.keyboard.type("wrong");
  await ana.page.keyboard.press("Enter");
  await expectFieldError(ana, "enter-room", /^Wrong server password/);
  await ana.submitLogin("Server", { roomPassword });
  await expectFieldError(ana, "enter-name", /isn.t available\. Use user-Server/);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.button("Use user-Server").press("Enter");
  const isUsed = async () => (await ana.field("Name").inputValue()) === "user-Server";
  await until("the proposed name is used", isUsed);
  expect(await ana.page.locator(".fault-line:not(:empty)").count()).toBe(0);
  await ana.logIn("ana", { roomPassword });
  await using other = await server.browser.visit(web);
  await other.submitLogin("ana", { password: "not hers" });
  await expectFieldError(
    other,
    "enter-password",
    /^ana and this password don.t match\. .* If the name is new.* I have a code/,
  );
  await other.submitLogin("Ana", { roomPassword, password: "" });
  await expectFieldError(other, "enter-name", /^Ana is taken\..* I have a code Use Ana-2/);
  await other.submitLogin("ana", { roomPassword, password: "not hers" });
  await expectFieldError(
    other,
    "enter-password",
    /^ana and this password don.t match\. .* I have a code Use ana-2/,
  );
  expect(await other.accessibilityViolations()).toEqual([]);
  await other.button("Use ana-2").click();
  await other.page.keyboard.press("Enter");
  await other.confirmNewAccount();
  await other.composer.waitFor();
});

const open = new PageServer(
  { args: ["--open", "--offer", OFFER, "--name", "Room 7", "--welcome", "Be kind"] },
  server.browser,
);

pageTest("shows the password on request, by mouse and keys", async () => {
  const { listening } = open.served;
  await using ana = await open.browser.visit(String(listening["web"]), { isPhone: true });
  const eye = ana.button("Show password");
  const field = ana.field("Password");
  const type = () => field.getAttribute("type");
  const shows = (wanted: string) => until(`a ${wanted}`, async () => (await type()) === wanted);
  expect([await field.getAttribute("autocomplete"), await type()]).toEqual([
    "current-password",
    "password",
  ]);
  expect(await ana.field("Name").getAttribute("autocomplete")).toBe("username");
  await field.fill("correct horse");
  await eye.click();
  await shows("text");
  expect(await eye.getAttribute("aria-pressed")).toBe("true");
  expect((await fieldAnnouncement(ana))[0]).toBe("enter-password");
  await ana.page.keyboard.press("Tab");
  await ana.page.keyboard.press("Space");
  await shows("password");
  expect(await eye.getAttribute("aria-pressed")).toBe("false");
  await ana.page.locator("summary", { hasText: "Server fingerprint" }).click();
  await ana.page.getByText(String(listening["fingerprint"])).waitFor();
});

pageTest("asks before an unknown name gets an account; a full name becomes its name", async () => {
  const web = String(open.served.listening["web"]);
  await using ayu = await open.browser.visit(web);
  await ayu.submitLogin("Ayu Lestari", { password: "a long password" });
  const question = ayu.newAccountQuestion;
  await question.getByRole("heading", { name: "No account Ayu-Lestari here. Make one?" }).waitFor();
  await question.getByText("Others will see your name as Ayu Lestari.").waitFor();
  expect(await ayu.accessibilityViolations()).toEqual([]);
  await ayu.page.keyboard.press("Escape");
  await question.waitFor({ state: "detached" });
  expect(await ayu.field("Name").inputValue()).toBe("Ayu Lestari");
  // A refused question has created nothing, so it is asked again.
  await ayu.page.keyboard.press("Enter");
  await ayu.confirmNewAccount();
  await ayu.composer.waitFor();
  await ayu.send("hello");
  await ayu.message("hello").getByText("Ayu Lestari").first().waitFor();
  await using again = await open.browser.visit(web);
  await again.submitLogin("ayu-lestari", { password: "a long password" });
  await again.composer.waitFor();
  await using misspelled = await open.browser.visit(web);
  await misspelled.submitLogin("ayu-lestary", { password: "short" });
  await expectFieldError(misspelled, "enter-password", /at least 8/);
});

pageTest("lets a password be typed while its scripts start", async () => {
  const web = String(open.served.listening["web"]);
  await using ayu = await open.browser.visit(`${new URL(web).origin}/healthz`);
  const scripts = Promise.withResolvers<void>();
  await ayu.page.route("**/assets/index-*.js", async (route) => {
    await scripts.promise;
    await route.continue();
  });
  await ayu.page.goto(web, { waitUntil: "commit" });
  await ayu.page.locator("#enter-name").fill("early-typist");
  await ayu.page.locator("#enter-password").fill("correct ");
  scripts.resolve();
  await ayu.page.locator("form button[type=submit]:not([disabled])").waitFor();
  // The form moves the focus after the frame that draws it.
  await ayu.page.evaluate(`new Promise((drawn) =>
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn))))`);
  await ayu.page.keyboard.type("horse");
  expect(await ayu.page.locator("#enter-name").inputValue()).toBe("early-typist");
  expect(await ayu.page.locator("#enter-password").inputValue()).toBe("correct horse");
});

pageTest("paints the form before its scripts run, and keeps what was typed", async () => {
  const web = String(open.served.listening["web"]);
  const { origin } = new URL(web);
  for (const [language, label] of [
    ["en-GB", "Name"],
    ["id-ID", "Nama"],
  ] as const) {
    await using ayu = await open.browser.visit(`${origin}/healthz`, { language });
    const scripts = Promise.withResolvers<void>();
    await ayu.page.route("**/assets/index-*.js", async (route) => {
      await scripts.promise;
      await route.continue();
    });
    await ayu.page.goto(web, { waitUntil: "commit" });
    const field = ayu.page.getByRole("textbox", { name: label, exact: true });
    await field.fill(`slow-${language}`);
    expect(await ayu.page.locator("form button[type=submit]").isDisabled()).toBe(true);
    await ayu.page.keyboard.press("Enter");
    expect(await ayu.page.getByRole("heading", { level: 1 }).textContent()).toBe("Room 7");
    await ayu.page.getByText("Be kind").waitFor();
    // Nothing is sent until Enter follows what was typed last.
    await ayu.page.keyboard.type("er");
    await field.press("Home");
    scripts.resolve();
    await ayu.page.locator("form button[type=submit]:not([disabled])").waitFor();
    await ayu.page.keyboard.type("very-");
    expect(await field.inputValue()).toBe(`very-slow-${language}er`);
    await ayu.page.keyboard.press("Enter");
    await ayu.confirmNewAccount();
    await ayu.composer.waitFor();
    // A browser that knows an account shows no empty form while the page loads.
    const reload = Promise.withResolvers<void>();
    await ayu.page.route("**/assets/index-*.js", async (route) => {
      await reload.promise;
      await route.continue();
    });
    await ayu.page.reload({ waitUntil: "commit" });
    await ayu.page.locator(".is-first").waitFor({ state: "hidden" });
    reload.resolve();
    await ayu.composer.waitFor();
  }
});

pageTest("takes a name before it is connected, and signs in once it is", async () => {
  const web = String(open.served.listening["web"]);
  await using ben = await open.browser.visit(`${new URL(web).origin}/healthz`);
  const link = Promise.withResolvers<void>();
  await ben.page.routeWebSocket(/./, async (socket) => {
    await link.promise;
    socket.connectToServer();
  });
  await ben.page.goto(web);
  await ben.submitLogin("early-ben");
  await ben.button("Signing in…").waitFor();
  link.resolve();
  await ben.confirmNewAccount();
  await ben.composer.waitFor();
});

pageTest("says that an operator link has been used already", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const link = String(served.listening["operatorLink"]);
  await using first = await open.browser.visit(link);
  await first.logIn("first");
  await using second = await open.browser.visit(link);
  await second.submitLogin("second");
  await second.page.getByText("This operator link has been used already").waitFor();
  await second.page.locator("#enter-room").waitFor();
});

pageTest("offers the operator link to an account that was signed in before", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const link = String(served.listening["operatorLink"]);
  await using pupil = await open.browser.visit(link.replace(/#.*/, ""));
  await pupil.logIn("pupil", { roomPassword: secretOf(served) });
  const offer = pupil.page.getByText("This link makes pupil, who is signed in here, an operator");
  const follow = async () => {
    await pupil.page.goto("about:blank");
    await pupil.page.goto(link);
    await offer.waitFor();
  };
  await follow();
  expect(await pupil.accessibilityViolations()).toEqual([]);
  expect(await pupil.button("Server administration").count()).toBe(0);
  await pupil.button("Dismiss").click();
  await offer.waitFor({ state: "detached" });
  await pupil.reload();
  await pupil.composer.waitFor();
  expect(await offer.count()).toBe(0);
  expect(pupil.page.url()).not.toContain("operator");
  await follow();
  await pupil.button("Make pupil operator").click();
  await pupil.page.getByText("You are an operator of this server now").waitFor();
  await pupil.button("Server administration").waitFor();
});

pageTest("accepts the operator link while offline, and ends its offer in another tab", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using relay = await Relay.open(served.port);
  const { hash } = new URL(String(served.listening["operatorLink"]));
  const link = `https://${relay.address}/${hash}`;
  await using one = await open.browser.visit(`https://${relay.address}/`);
  await one.logIn("pupil", { roomPassword: secretOf(served) });
  const tabs = [one, await one.tab()] as const;
  for (const { page } of tabs) {
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByText("This link makes pupil, who is signed in here, an operator").waitFor();
  }
  relay.cut();
  for (const { page } of tabs) await page.getByText(/^Can't reach the server/).waitFor();
  await one.button("Make pupil operator").click();
  relay.mend();
  await one.page.getByText("You are an operator of this server now").waitFor();
  for (const tab of tabs) await tab.button("Server administration").waitFor();
  expect(await tabs[1].button("Make pupil operator").count()).toBe(0);
});

pageTest("explains the operator link, whose rights last until they are removed", async () => {
  await using olga = await open.browser.visit(String(open.served.listening["operatorLink"]));
  await olga.page.getByText("Sign in to become an operator of this server.").waitFor();
  await olga.logIn("olga");
  const line = olga.page.getByText("You are an operator of this server now");
  await line.waitFor();
  await olga.button("Server administration").waitFor();
  expect(await olga.accessibilityViolations()).toEqual([]);
  await olga.reload();
  await olga.button("Server administration").click();
  expect(await line.count()).toBe(0);
  await olga.page.getByRole("tab", { name: "People", exact: true }).click();
  const row = olga.page.getByRole("row").filter({ hasText: "olga" });
  await row.getByRole("button", { name: "Actions for olga" }).click();
  await olga.menuItem("Remove as operator").click();
  const revoke = olga.dialog("Remove olga as operator of this server?");
  await revoke.getByRole("button", { name: "Remove as operator" }).click();
  await until("it is over", async () => (await olga.button("Server administration").count()) === 0);
});

pageTest("offers the program for this system, with its checksum", async () => {
  const { sandbox } = open;
  const web = String(open.served.listening["web"]);
  await using ana = await open.browser.visit(web);
  const ownDownload = ana.page.getByRole("link", { name: /^Download for Linux \(/ });
  await ownDownload.waitFor();
  const coming = ana.page.waitForEvent("download");
  await ownDownload.click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe("chat-linux-x64");
  await download.saveAs(sandbox.path("chat-linux-x64"));
  const saved = readFileSync(sandbox.path("chat-linux-x64"), "utf8");
  expect(saved).toBe("the program chat-linux-x64");
  await ana.page.getByText("Verify the download, other systems").click();
  const line = await ana.page.locator(".program-check code").first().textContent();
  const check = Bun.spawnSync(["sh", "-c", line ?? ""], { cwd: sandbox.folder });
  expect(check.stdout.toString()).toBe("chat-linux-x64: OK\n");
  expect(await ana.page.getByRole("link", { name: /^Download for macOS \(/ }).count()).toBe(1);
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest("shows the line that installs a release from this server", async () => {
  const web = String(open.served.listening["web"]);
  await using ana = await open.browser.visit(web);
  const pin = `sha256//${"A".repeat(43)}=`;
  const programs = [{ name: "chat-0.2.0-linux-x64.tar.gz", size: 5, sha256: "0".repeat(64) }];
  await ana.page.route("**/program/", (route) =>
    route.fulfill({ json: { programs, release: { version: "0.2.0", pin } } }),
  );
  await ana.reload();
  await ana.page.getByText("Install the terminal program").waitFor();
  const line = await ana.page.locator(".program-check code").first().textContent();
  expect(line).toBe(installCommand("linux", `${new URL(web).origin}/program`, pin));
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest("registers with the server password, chats, and sends files of any bytes", async () => {
  const { browser, sandbox, served } = server;
  const web = String(served.listening["web"]);
  const roomPassword = secretOf(served);
  await using eve = await browser.visit(web);
  const ben = await server.window("ben");
  await eve.submitLogin("eve", { password: "correct horse", roomPassword: "wrong" });
  await eve.page
    .getByText(/password/i)
    .and(eve.page.locator(".fault-line:not(:empty)"))
    .waitFor();
  await eve.field("Server password").fill(roomPassword);
  await eve.button("Continue").click();
  await eve.confirmNewAccount();
  await eve.composer.waitFor();
  await eve.send("hello ben");
  await ben.waitForMessage("hello ben");
  await ben.send("hello eve");
  await eve.waitForMessage("hello eve");
  const bytes = Buffer.concat([Buffer.from(noise(3_000_000)), everyPair()]);
  const path = sandbox.path("program.bin");
  writeFileSync(path, bytes);
  await eve.sendFiles(path);
  const card = ben.file("program.bin");
  await card.waitFor();
  const download = ben.page.waitForEvent("download");
  await ben.saveByBrowser("program.bin");
  const saved = sandbox.path("saved.bin");
  const arrived = await download;
  expect(arrived.suggestedFilename()).toBe("program.bin");
  await arrived.saveAs(saved);
  expect(await sha256Of(saved)).toBe(sha256(path));

  await eve.send("before the reload");
  await eve.waitForMessage("before the reload");
  await eve.reload();
  await eve.waitForMessage("before the reload");
  await eve.logOut();
  await eve.enterPassword("correct horse");
  await eve.waitForMessage("before the reload");
  await using other = await browser.visit(web);
  await other.submitLogin("eve", { password: "wrong" });
  await other.page.locator(".fault-line:not(:empty)").waitFor();
  await other.logIn("eve", { password: "correct horse" });
  await other.waitForMessage("before the reload");
});

function everyPair(): Buffer {
  const pairs = Buffer.alloc(256 * 256 * 2);
  for (let i = 0; i < 256 * 256; i++) pairs.writeUInt16BE(i, i * 2);
  return pairs;
}

/** All data that a page of this origin can read: IndexedDB and session storage. */
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

pageTest("hides the key of chat web from the next program on its port", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const home = sandbox.home("ana");
  const start = async () => {
    const program = home.start(["web", served.invite, "--json"]);
    return { program, url: new URL(String((await program.json("web"))["url"])) };
  };
  const first = await start();
  await using ana = await server.browser.visit(first.url.href);
  await ana.logIn("ana");
  await ana.send("first run");
  await ana.waitForMessage("first run");
  await ana.waitUntilSent();
  // The address ends with the program, so it needs neither a worker nor a trusted certificate.
  const settings = await ana.openSettings();
  expect(await settings.getByRole("button", { name: "Trust this server" }).count()).toBe(0);
  const workers = "navigator.serviceWorker.getRegistrations().then((all) => all.length)";
  expect(await ana.page.evaluate<number>(workers)).toBe(0);
  await ana.page.keyboard.press("Escape");
  await ana.composer.fill("half a thought");
  const kept = join(sandbox.path("ana"), "web");
  await first.program.signal("SIGINT");

  const second = await start();
  expect(second.url.origin).toBe(first.url.origin);
  await ana.page.goto(second.url.href); // A new fragment makes the page reload itself.
  await ana.waitForMessage("first run");
  await ana.send("second run");
  await ana.waitForMessage("second run");
  await ana.waitUntilSent();
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
  await ana.composer.fill("half a thought");
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
