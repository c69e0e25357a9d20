import { expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GUESSES_FREE } from "../../src/base/limits.ts";
import { parseServerAddress } from "../../src/wire/invite.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import type { Visit } from "./visit.ts";

/** The form where a user logs in. */

const browser = sharedBrowser();

pageTest("a wrong password that is held back says why, counts down, and says no more", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(String(served.listening["web"]));
  const refused = ana.page.locator(".fault-line:not(:empty)");
  const held = ana.page.getByText(/^Too many wrong passwords from here/);
  const guess = async (roomPassword: string) => {
    await ana.field("Room password").fill(roomPassword);
    await ana.button("Enter").click();
  };
  await ana.field("Name").fill("ana");
  for (let wrong = 0; wrong < GUESSES_FREE + 2; wrong++) {
    await guess(`wrong ${wrong}`);
    await refused.waitFor();
  }
  // The next one waits for four seconds.
  await ana.page.evaluate(`
    globalThis.shown = [];
    new MutationObserver(() => {
      const line = document.querySelector('p.hint[aria-hidden="true"]');
      const seconds = line?.textContent.match(/The answer comes in (\\d+) s\\.$/)?.[1];
      if (seconds !== undefined && shown.at(-1) !== +seconds) shown.push(+seconds);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });`);
  await guess("wrong again");
  await held.first().waitFor();
  // Heard once, not each second.
  const spoken = ana.page.getByRole("status").filter({ hasText: "Too many wrong passwords" });
  const said = await spoken.textContent();
  expect(said).toMatch(/^Too many wrong passwords from here\. The answer comes in \d s\.$/);
  const counted = () => ana.page.evaluate<number[]>("shown");
  await until("it counts down", async () => (await counted()).length > 1);
  expect(await spoken.textContent()).toBe(said);
  await refused.waitFor();
  expect(await held.count()).toBe(0);
  const seconds = await counted();
  expect(seconds).toEqual([...seconds].sort((one, other) => other - one));
  expect(seconds.at(-1)).toBeGreaterThan(0);
  // The right one enters at once, or says why it waits: in any case it enters.
  await guess(parseServerAddress(served.invite).secret ?? "");
  await ana.box.waitFor();
  expect(await held.count()).toBe(0);
});

/** What a screen reader hears of a field that has the focus. */
function heard({ page }: Visit): Promise<readonly unknown[]> {
  return page.evaluate<unknown[]>(`(() => {
    const { id, ariaInvalid } = document.activeElement;
    const about = document.activeElement.getAttribute("aria-describedby") ?? "";
    const texts = about.split(" ").map((one) => document.getElementById(one)?.innerText ?? "");
    return [id, ariaInvalid, texts.join(" ")];
  })()`);
}

async function hears(visit: Visit, id: string, text: RegExp): Promise<void> {
  const told = () => heard(visit);
  await until(`${id} has the focus and says ${text}`, async () => {
    const [focused, isInvalid, about] = await told();
    return focused === id && isInvalid === "true" && text.test(String(about));
  });
}

pageTest("what is wrong stands at its field, which has the focus; a name is proposed", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const web = String(served.listening["web"]);
  const roomPassword = parseServerAddress(served.invite).secret ?? "";
  await using ana = await browser.visit(web);
  // No name at all: nothing is proposed for it.
  await ana.button("Enter").click();
  await hears(ana, "enter-name", /^Use 1 to 32 letters/);
  expect(await ana.button(/^Take /).count()).toBe(0);
  await ana.fillEntry("Jürgen Müller");
  await hears(ana, "enter-name", /Take Juergen-Mueller/);
  expect(await ana.barriers()).toEqual([]);
  await ana.button("Take Juergen-Mueller").press("Enter");
  const isTaken = async () => (await ana.field("Name").inputValue()) === "Juergen-Mueller";
  await until("the name is taken", isTaken);
  expect(await ana.page.locator(".fault-line:not(:empty)").count()).toBe(0);
  // What it is that is missing: nobody can know here whose name it is.
  await ana.page.keyboard.press("Enter");
  await hears(ana, "enter-room", /^If Juergen-Mueller is a new name, the room password is needed/);
  await ana.page.keyboard.type("wrong");
  await ana.page.keyboard.press("Enter");
  await hears(ana, "enter-room", /^The room password is wrong or missing/);
  // A reserved name, and one that somebody has.
  await ana.fillEntry("Server", { roomPassword });
  await hears(ana, "enter-name", /cannot be taken\. Take user-Server/);
  await ana.enter("ana", { roomPassword });
  await using other = await browser.visit(web);
  await other.fillEntry("ana", { password: "not hers" });
  await hears(other, "enter-password", /^This is not the password of ana\. If ana is a new name/);
  await other.fillEntry("Ana", { roomPassword, password: "" });
  await hears(other, "enter-name", /^Ana is taken\..* Take Ana-2/);
  await other.fillEntry("ana", { roomPassword, password: "not hers" });
  await hears(other, "enter-password", /^This is not the password of ana\. Take ana-2/);
  expect(await other.barriers()).toEqual([]);
  await other.button("Take ana-2").click();
  await other.page.keyboard.press("Enter");
  await other.box.waitFor();
});

pageTest(
  "a password can be looked at, by mouse and keys, and is hidden when it is sent",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve({ args: ["--open"] });
    await using ana = await browser.visit(String(served.listening["web"]), { isPhone: true });
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
    expect([await type(), await eye.getAttribute("aria-pressed")]).toEqual(["text", "true"]);
    // On a phone the keyboard stays: so does the focus.
    expect((await heard(ana))[0]).toBe("enter-password");
    await ana.page.keyboard.press("Tab");
    await ana.page.keyboard.press("Space");
    await shows("password");
    expect([await type(), await eye.getAttribute("aria-pressed")]).toEqual(["password", "false"]);
    await ana.page.keyboard.press("Enter"); // The button's, not the form's.
    await shows("text");
    expect([await type(), await ana.box.count()]).toEqual(["text", 0]);
    await ana.fillEntry("a b");
    await hears(ana, "enter-name", /Take a-b/);
    expect(await type()).toBe("password");
    await ana.page.locator("summary", { hasText: "Server fingerprint" }).click();
    await ana.page.getByText(String(served.listening["fingerprint"])).waitFor();
  },
);

pageTest("the operator's link says what it has done, and how to end it", async () => {
  await using sandbox = new Sandbox();
  const { listening } = await sandbox.serve({ args: ["--open"] });
  await using olga = await browser.visit(String(listening["operatorLink"]));
  await olga.page.getByText("This link makes you the operator of the server.").waitFor();
  await olga.enter("olga");
  const line = olga.page.getByText(/^This browser is the server's operator now, until/);
  await line.waitFor();
  await olga.button("Server window").waitFor();
  expect(await olga.barriers()).toEqual([]);
  // Dismissed, it is said in the settings alone, after a reload too.
  await olga.page.locator(".banners").getByRole("button", { name: "Dismiss" }).click();
  await line.waitFor({ state: "detached" });
  await olga.page.reload();
  await olga.button("Server window").waitFor();
  expect(await line.count()).toBe(0);
  await olga.button(/Account and settings/).click();
  await line.waitFor();
  // For managers of passwords, beside the new one.
  const whose = olga.page.locator("dialog input[autocomplete=username]");
  expect([await whose.inputValue(), await whose.isVisible()]).toEqual(["olga", false]);
  await Promise.all([olga.page.waitForEvent("load"), olga.button("End it").click()]);
  await olga.button(/Account and settings/).waitFor();
  await until("it is over", async () => (await olga.button("Server window").count()) === 0);
});

pageTest("at its foot the page says where the program is had, and how it is checked", async () => {
  await using sandbox = new Sandbox();
  mkdirSync(sandbox.path("offer"));
  for (const name of ["chat-linux-x64", "chat-darwin-arm64"]) {
    writeFileSync(join(sandbox.path("offer"), name), `the program ${name}`);
  }
  const args = ["--open", "--offer", sandbox.path("offer")];
  const web = String((await sandbox.serve({ args })).listening["web"]);
  await using ana = await browser.visit(web);
  // For the system of this browser; the others are behind it.
  const mine = ana.page.getByRole("link", { name: /^The program for Linux, / });
  await mine.waitFor();
  const coming = ana.page.waitForEvent("download");
  await mine.click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe("chat-linux-x64");
  await download.saveAs(sandbox.path("chat-linux-x64"));
  const saved = readFileSync(sandbox.path("chat-linux-x64"), "utf8");
  expect(saved).toBe("the program chat-linux-x64");
  await ana.page.getByText("Check it, and other systems").click();
  const line = await ana.page.locator(".program-check code").first().textContent();
  const check = Bun.spawnSync(["sh", "-c", line ?? ""], { cwd: sandbox.folder });
  expect(check.stdout.toString()).toBe("chat-linux-x64: OK\n");
  expect(await ana.page.getByRole("link", { name: /^The program for macOS, / }).count()).toBe(1);
  expect(await ana.barriers()).toEqual([]);
  await ana.enter("ana");
  await ana.button(/Account and settings/).click();
  await ana.button("Keys and commands").click();
  await ana
    .dialog("Keys and commands")
    .getByRole("link", { name: /for Linux, / })
    .waitFor();
  expect(await ana.barriers()).toEqual([]);
  await using phone = await browser.visit(web, {
    ...{ width: 390, height: 844, isPhone: true, language: "id-ID" },
    before: `Object.defineProperty(navigator, "userAgent", { get: () => "iPhone Mac OS X" })`,
  });
  await phone.page.getByText("Ada juga program untuk terminal.").waitFor();
  expect(await phone.barriers()).toEqual([]);
});
