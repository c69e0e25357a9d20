import { expect } from "bun:test";
import { holding } from "../e2e/sealed-server.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { createSealedRoom, Devices, inviteTerminal, inviteUser } from "./sealed-devices.ts";
import { DARK_PHONE, expectAccessible } from "./theme.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();
const devices = new Devices(server);
const password = "correct horse";

const NO_CRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });";

async function expectNothingAtServer(...texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    expect([text, await holding(server.served.data, text)]).toEqual([text, []]);
  }
}

pageTest("exchanges messages also after a reload, earlier ones with new members", async () => {
  const ana = await devices.window("ana");
  const ben = await devices.window("ben");
  const cid = await devices.terminal("cid");
  await createSealedRoom(ana, "vault", true);
  await ana.send("sings of pages");
  await ana.waitUntilSent();
  await inviteUser(ana, "ben", ben, "vault");
  await ben.waitForMessage("sings of pages");
  await ben.button("Members and encryption").click();
  await ben.page.getByText("New members can read earlier messages.").waitFor();
  await ben.page.keyboard.press("Escape");
  await ben.send("sings back");
  await ana.waitForMessage("sings back");
  await inviteTerminal(ana, "cid", cid, "vault");
  await cid.json("handover", { step: "read", messages: 2 });
  cid.type("sings from a terminal");
  await ana.waitForMessage("sings from a terminal");
  await ben.waitForMessage("sings from a terminal");
  await ben.page.reload();
  await ben.waitForMessage("sings of pages");
  await ben.waitForMessage("sings from a terminal");
  await ben.send("sings after a reload");
  await ana.waitForMessage("sings after a reload");
  await ben.waitUntilSent();
  await expectNothingAtServer("sings of pages", "sings back", "sings from", "sings after");
});

pageTest("shows both users the same digits, and no new messages to a removed user", async () => {
  const ana = await devices.window("ana");
  const ben = await devices.window("ben");
  await createSealedRoom(ana, "safe");
  await ana.button("Members and encryption").click();
  const who = ana.dialog("Members and encryption");
  await who.getByLabel("Name").fill("nobody");
  await who.getByRole("button", { name: "Add", exact: true }).click();
  await who.getByText("No user named").waitFor();
  await who.getByLabel("Name").fill("ben");
  await who.getByRole("button", { name: "Add", exact: true }).click();
  await who.getByText("1 browser · Not verified").waitFor();
  await ben.invitation("#safe").getByRole("button", { name: "Join" }).click();
  await ben.heading("#safe").waitFor();
  const digits = async (visit: Visit) => {
    const text = visit.page.locator(".safety-digits span");
    await text.nth(11).waitFor();
    return (await text.allTextContents()).join(" ");
  };
  await who.getByRole("button", { name: "Verify ben" }).click();
  const seen = await digits(ana);
  expect(seen).toMatch(/^(\d{5} ){11}\d{5}$/);
  await ben.button("Members and encryption").click();
  await ben.button("Verify ana").click();
  expect(await digits(ben)).toBe(seen);
  await ana.button("Digits match").click();
  await who.getByText("1 browser · Verified").waitFor();
  await ben.page.keyboard.press("Escape");
  await ben.page.keyboard.press("Escape");
  await ana.page.keyboard.press("Escape");
  await ana.send("ben hears this");
  await ben.waitForMessage("ben hears this");
  await ana.send("/kick ben");
  await ana.page.getByText("ben left").or(ana.page.getByText("removed ben")).first().waitFor();
  await ana.send("and not this");
  await ana.waitUntilSent();
  await ben.room("lobby").click();
  await ben.send("still here");
  await ben.waitForMessage("still here");
  expect(await ben.page.getByText("and not this").count()).toBe(0);
  await expectNothingAtServer("and not this");
});

pageTest("seals a conversation from its menu; two tabs of an account share its keys", async () => {
  const ben = await devices.window("ben");
  await using dora = await devices.logIn("dora");
  await dora.send("/msg ben in the open");
  await ben.room("@dora").click();
  await ben.waitForMessage("in the open");
  await dora.button("Actions for @ben").click();
  await dora.menuItem("Encrypt conversation").click();
  const question = dora.dialog("Encrypt conversation");
  await question.getByRole("button", { name: "Encrypt conversation" }).click();
  await dora.page.getByText("dora turned on end-to-end encryption").waitFor();
  await dora.page.getByText("dora added ben's devices").waitFor();
  await question.waitFor({ state: "hidden" });
  await dora.send("under the seal");
  await ben.waitForMessage("under the seal");
  const other = await dora.tab();
  await other.room("@ben").click();
  await other.waitForMessage("under the seal");
  for (let turn = 0; turn < 5; turn++) {
    const from = [dora, other, ben][turn % 3] ?? dora;
    await from.send(`turn ${turn}`);
  }
  for (const visit of [dora, other, ben]) {
    for (let turn = 0; turn < 5; turn++) await visit.waitForMessage(`turn ${turn}`);
    await visit.waitUntilSent();
  }
  await dora.page.close();
  await other.send("the other tab continues");
  await ben.waitForMessage("the other tab continues");
  expect(await holding(server.served.data, "in the open")).not.toEqual([]);
  await expectNothingAtServer("under the seal", "turn 3", "tab continues");
});

pageTest("adds a browser that lost its keys again, with one divider", async () => {
  const ana = await devices.window("ana");
  await using emil = await devices.logIn("emil");
  await createSealedRoom(ana, "cellar");
  await inviteUser(ana, "emil", emil, "cellar");
  for (let n = 0; n < 12; n++) await ana.send(`before ${n}`);
  await emil.waitForMessage("before 11");
  const web = String(server.served.listening["web"]);
  await emil.page.goto("about:blank");
  await emil.page.goto(`${web}/assets/none`);
  await emil.page.evaluate(`indexedDB.databases().then((all) => Promise.all(all
    .filter(({ name }) => name.startsWith("chat sealed "))
    .map(({ name }) => new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = resolve;
      request.onerror = reject;
    }))))`);
  await emil.page.goto(web);
  await emil.room("cellar").click();
  await ana.page.getByText("emil added a device").waitFor();
  await ana.send("after");
  await emil.waitForMessage("after");
  await emil.page.getByText("12 encrypted messages that this device can't read").waitFor();
  expect(await emil.page.getByText(/encrypted messages? that this device/).count()).toBe(1);
  await emil.send("and back");
  await ana.waitForMessage("and back");
});

pageTest("has no accessibility problem in sealed rooms", async () => {
  const [look, options] = DARK_PHONE;
  await using visit = await devices.logIn("fay", options);
  const ben = await devices.window("ben");
  const { page } = visit;
  const looks = async (screen: string) => {
    await expectAccessible(visit, look, screen);
  };
  await visit.send("/join fay --sealed");
  const made = page.locator("dialog[open]");
  await made.locator("input[type=checkbox]").first().waitFor();
  await looks("making an encrypted room");
  await made.locator("button[type=submit]").click();
  await page.locator(".composer-lock").waitFor();
  await inviteUser(visit, "ben", ben, "fay");
  await ben.send("is anybody here?");
  await visit.waitForMessage("is anybody here?");
  await visit.send("yes, and nobody else");
  await visit.waitUntilSent();
  await looks("an encrypted room");
  await visit.send("/sealed");
  await page.locator("dialog[open] .device").nth(1).waitFor();
  await looks("who can read");
  await page.locator("dialog[open] .device .button").click();
  await page.locator(".safety-digits span").nth(11).waitFor();
  await looks("safety number");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await createSealedRoom(ben, "ben-fay");
  await ben.send("/invite fay");
  await page.locator(".banner").waitFor();
  await looks("let in");
});

pageTest("links a terminal from a browser, and adds it to the sealed rooms", async () => {
  const { sandbox, served } = server;
  const ana = await devices.window("ana");
  await createSealedRoom(ana, "study");
  await ana.send("before the laptop");
  await ana.waitUntilSent();
  await ana.openSettings();
  await ana.button("Link a new device").click();
  const dialog = ana.dialog("Link a new device");
  const code = (await dialog.locator(".link-code").textContent()) ?? "";
  expect(await dialog.getByLabel("In a terminal").inputValue()).toContain("chat link-device");
  expect(await ana.accessibilityViolations()).toEqual([]);
  const laptop = sandbox.home("laptop").with({ CHAT_SERVER: served.address });
  const asked = { env: { CHAT_LINK_CODE: code } };
  const made = await laptop.json(["link-device", "--no-wait", "--join"], asked);
  expect(made[0]).toMatchObject({ kind: "linked", user: "ana" });
  await dialog.getByText("The device is linked").waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.page.keyboard.press("Escape");
  const terminal = await laptop.join(["--user", "ana"]);
  await ana.page.getByText("ana added a device").waitFor();
  await ana.send("for both of my devices");
  await terminal.json("text", { text: "for both of my devices", room: "study", sealed: true });
  await terminal.json("handover", { step: "read", name: "study", messages: 1 });
  const past = await laptop.json(["history", "--room", "study", "--user", "ana"]);
  expect(past).toContainEqual(expect.objectContaining({ text: "before the laptop" }));
  await expectNothingAtServer("both of my devices");
});

pageTest("links a page from a page by address, with the sealed rooms", async () => {
  await using ana = await devices.logIn("lea");
  await createSealedRoom(ana, "diary");
  await ana.send("before the phone");
  await ana.waitUntilSent();
  await ana.openSettings();
  await ana.button("Link a new device").click();
  const dialog = ana.dialog("Link a new device");
  const code = (await dialog.locator(".link-code").textContent()) ?? "";
  await dialog.locator(".qr path").waitFor();
  const address = `https://127.0.0.1:${server.served.port}/`;
  await using phone = await server.browser.visit(`${address}#link=${code}`);
  await phone.page.getByText("Your other device has given this one a code").waitFor();
  expect(phone.page.url()).toBe(address);
  expect(await phone.accessibilityViolations()).toEqual([]);
  await phone.button("Use it and sign in").click();
  await dialog.getByText("The device is linked").waitFor();
  await phone.composer.waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.page.keyboard.press("Escape");
  await ana.page.getByText("lea added a device").waitFor();
  await ana.send("also on my phone");
  await phone.room("diary").click();
  await phone.waitForMessage("also on my phone");
  await phone.waitForMessage("before the phone");
  await phone.page.getByText("You can now read 1 earlier message of 'diary'.").waitFor();
  await expectNothingAtServer("also on my phone");
  // The code has worked once.
  const left = "location.href + document.referrer + JSON.stringify(history.state)";
  expect(await phone.page.evaluate<string>(left)).not.toContain(code);
  await using thief = await server.browser.visit(`${address}#link=${code}`);
  await thief.button("Use it and sign in").click();
  await thief.page.locator(".fault-line:not(:empty)").waitFor();
});

pageTest("links a page from a terminal with a typed code", async () => {
  const tim = server.sandbox
    .home("tim")
    .with({ CHAT_USER: "tim", CHAT_SERVER: server.served.invite });
  await tim.json(["send", "hi"]);
  const offering = tim.start(["link-device", "--json"]);
  const offer = await offering.json("link-code");
  expect(offer["web"]).toBe(`https://${server.served.address}/#link=${offer["code"]}`);
  await using page = await server.browser.visit(`https://${server.served.address}/`);
  await page.button("I have a code").click();
  await page.page.getByLabel("Code").fill("0000");
  await page.button("Continue").click();
  await page.page.locator(".fault-line:not(:empty)").waitFor();
  await page.page.getByLabel("Code").fill(String(offer["code"]).toLowerCase());
  await page.button("Continue").click();
  await offering.json("linked", { user: "tim" });
  await page.composer.waitFor();
  await page.page.reload();
  await page.composer.waitFor();
  expect((await offering.ended()).exitCode).toBe(0);
});

pageTest("explains missing encryption support and a missing account key", async () => {
  await using pia = await server.logIn("pia", { password });
  await createSealedRoom(pia, "nook");
  await pia.send("for this browser alone");
  await pia.waitUntilSent();
  await using plain = await server.visit({ initScript: NO_CRYPTO });
  await plain.submitLogin("pia", { password });
  await using other = await server.logIn("pia", { password });
  for (const [visit, reason] of [
    [plain, "Open this page over https."],
    [other, "This room is not open here yet"],
  ] as const) {
    await visit.room("nook").click();
    await visit.page.getByText(reason).first().waitFor();
    await visit.composer.waitFor({ state: "detached" });
    await visit.room("lobby").click();
    await visit.composer.waitFor();
    await visit.room("nook").click();
    await visit.composer.waitFor({ state: "detached" });
    expect(await visit.message("for this browser alone").count()).toBe(0);
    expect(await visit.accessibilityViolations()).toEqual([]);
  }

  // A wrong code is no dead end.
  const panel = other.page.locator(".way-back");
  await panel.getByText(/ on Linux · online/).waitFor();
  await panel.getByText("I don't have these devices any more").click();
  await panel.getByText("create a second account").waitFor();
  const { CHAT_PICTURE: path } = process.env;
  if (path !== undefined) await other.page.screenshot({ path });
  const enterCode = async (code: string) => {
    await panel.getByLabel("Code").fill(code);
    await panel.getByRole("button", { name: "Open encrypted rooms" }).click();
    await other.button("Use it and sign in").click();
  };
  await enterCode("7-abandon-ability");
  await other.page.locator(".fault-line:not(:empty)").waitFor();
  await other.button("Sign in another way").click();
  await other.page.getByRole("textbox", { name: "Password of pia" }).fill(password);
  await other.button("Sign in").click();
  await other.room("nook").click();
  await pia.openSettings();
  await pia.page.getByText("Your encrypted rooms open only on this device").waitFor();
  await pia.button("Link a new device").click();
  const dialog = pia.dialog("Link a new device");
  await enterCode((await dialog.locator(".link-code").textContent()) ?? "");
  await dialog.getByText("The device is linked").waitFor();
  await pia.page.keyboard.press("Escape");
  await pia.page.keyboard.press("Escape");
  await other.room("nook").click();
  await other.composer.waitFor();
  await other.waitForMessage("for this browser alone");
  await using stranger = await server.logIn("stranger");
  await stranger.send("/join nook");
  await stranger.page.getByText("is encrypted, and you are not a member").waitFor();

  const kept = `indexedDB.databases().then((all) =>
    all.filter(({ name }) => name.startsWith("chat sealed ")).length)`;
  expect(await pia.page.evaluate(kept)).toBe(1);
  await pia.openSettings();
  await pia.button("Sign out").click();
  const question = pia.dialog("Sign out in this browser?");
  await question.getByLabel(/forget me/).check();
  await question.getByRole("button", { name: "Sign out" }).click();
  await pia.page.getByText("Signed out and forgotten here. Who is next?").waitFor();
  await pia.page.waitForFunction(`${kept}.then((count) => count === 0)`);
});
