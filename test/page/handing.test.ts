import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { sha256, sha256Of } from "../e2e/couriers.ts";
import { until } from "../e2e/deadline.ts";
import { Sandbox } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { pageAddress, photo } from "./scenery.ts";
import type { Visit } from "./visit.ts";

/** Files by hand: pasted, dropped, and looked at where they stand. */

const browser = sharedBrowser();

/** Of the picture that stands in a card; it fails if the browser cannot draw it. */
async function widthIn({ page }: Visit, name: string): Promise<number> {
  const image = `document.querySelector('[aria-label="File ${name}"] img')`;
  return page.evaluate<number>(`${image}.decode().then(() => ${image}.naturalWidth)`);
}

pageTest("a picture from the clipboard is seen before it goes, and goes with words", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  const { origin } = new URL(ana.page.url());
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const png = photo(320, 200).toString("base64");
  await ana.page.evaluate(`navigator.clipboard.write([new ClipboardItem({
    "image/png": new Blob([Uint8Array.fromBase64("${png}")], { type: "image/png" }),
  })])`);
  await ana.box.focus();
  await ana.page.keyboard.press("Control+V");
  await ana.attachments.getByRole("img", { name: "Picture image.png" }).waitFor();
  // One that is not meant to go is taken away; the words stay.
  await ana.attaches(sandbox.write("wrong.txt", "no"));
  await ana.box.fill("look, @ben");
  await ana.button("Remove wrong.txt").click();
  await until("one is left", async () => (await ana.attachments.count()) === 1);
  expect(await ana.barriers()).toEqual([]);
  await ana.keepPicture("attached");
  await ana.box.press("Enter");
  await ana.attachments.first().waitFor({ state: "detached" });
  await until("the words are gone", async () => (await ana.box.inputValue()) === "");
  const card = ben.file("image.png");
  await card.getByRole("img", { name: "Picture image.png" }).waitFor();
  expect(await widthIn(ben, "image.png")).toBe(320);
  const message = ben.message("look, @ben");
  expect(await message.count()).toBe(1);
  expect(await message.getAttribute("class")).toContain("is-calling");
});

pageTest("words that are no caption go as a message of their own, and none gets lost", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.says("the first word");
  await ana.settled();
  // A command is not said to anybody, and what is to be sent stays.
  await ana.attaches(sandbox.write("one.txt", "1"));
  await ana.box.fill("/nonsense x");
  await ana.box.press("Enter");
  await ana.page.getByText("There is no command /nonsense.").waitFor();
  expect(await ana.attachments.count()).toBe(1);
  const long = `${"long ".repeat(1_000)}end`;
  await ana.box.fill(long);
  await ana.button("Send").click();
  await ana.file("one.txt").waitFor();
  await ana.sees(/long end/);
  const article = ana.page.locator("article").filter({ has: ana.file("one.txt") });
  expect(await article.textContent()).not.toContain("long");
});

pageTest("what could run is never shown where it stands, whatever it is called", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`;
  const names = ["drawing.svg", "page.html", "really.png"];
  await ana.attach(...names.map((name) => sandbox.write(name, drawing)));
  for (const name of names) await ana.file(name).waitFor();
  for (const name of names.slice(0, 2)) {
    const buttons = ana.file(name).getByRole("button");
    expect([name, await buttons.count()]).toEqual([name, 2]);
    expect(await ana.file(name).getByRole("button", { name: /^Open/ }).count()).toBe(0);
  }
  const card = ana.file("really.png");
  await card.getByText("What it holds is no picture that can be shown here.").waitFor();
  expect(await ana.page.locator("article img").count()).toBe(0);
});

pageTest("files that are dropped on a room go there with the next message", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  writeFileSync(sandbox.path("a.png"), photo(64, 48));
  const content = readFileSync(sandbox.path("a.png")).toString("base64");
  const drag = (kind: string) =>
    ana.page.evaluate(`{
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.fromBase64("${content}")], "a.png"));
      data.items.add(new File(["second"], "b.txt"));
      const more = { dataTransfer: data, bubbles: true, cancelable: true };
      document.querySelector(".timeline").dispatchEvent(new DragEvent("${kind}", more));
    }`);
  const over = ana.page.getByText("Drop files to send them to lobby");
  await drag("dragenter");
  await over.waitFor();
  await drag("dragleave");
  await over.waitFor({ state: "detached" });
  await drag("dragenter");
  await drag("dragover");
  await drag("drop");
  await over.waitFor({ state: "detached" });
  await ana.attachments.getByText("b.txt").waitFor();
  await ana.attachments.getByRole("img", { name: "Picture a.png" }).waitFor();
  expect(await ana.page.locator(".transfer").count()).toBe(0);
  await ana.button("Send").click();
  await ana.file("b.txt").waitFor();
  await ana.file("a.png").waitFor();
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "xxxxxxxx" };
  const tom = sandbox.home("tom").with(env);
  await tom.json(["register"]);
  const [told] = (await tom.json(["files"])).filter(({ name }) => name === "a.png");
  await tom.json(["get-file", String(told?.["id"]), "--out", sandbox.path("inbox")]);
  expect(await sha256Of(sandbox.path("inbox", "a.png"))).toBe(sha256(sandbox.path("a.png")));
});

/** Whether the browser would ask before the page is left. */
const asks = ({ page }: Visit) =>
  page.evaluate<boolean>("!dispatchEvent(new Event('beforeunload', { cancelable: true }))");

pageTest("what is attached is there after a reload, and for nobody after signing out", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const pasted = (sizeBytes: number) => `{
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(${sizeBytes})], "pasted.bin"));
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    document.querySelector(".composer textarea").dispatchEvent(event);
  }`;
  await ana.page.evaluate(pasted(5_000));
  await ana.attaches(sandbox.write("chosen.txt", "chosen"));
  await until("both are kept", async () => !(await asks(ana)));
  await ana.page.reload();
  await ana.attachments.getByText("pasted.bin").waitFor();
  await ana.attachments.getByText("chosen.txt").waitFor();
  // Another tab of this browser has none of it as long as this one is there.
  await using other = await ana.tab();
  await other.box.waitFor();
  expect(await other.attachments.count()).toBe(0);
  await ana.box.press("Enter");
  await ana.file("pasted.bin").getByText("5.0 kB").waitFor();
  await ana.file("chosen.txt").waitFor();
  await ana.page.reload();
  await ana.file("chosen.txt").waitFor();
  expect(await ana.attachments.count()).toBe(0);
  // Of what is too large to keep, the browser asks.
  await ana.page.evaluate(pasted(65 * 1024 * 1024));
  await ana.attachments.first().waitFor();
  expect(await asks(ana)).toBe(true);
  await ana.button("Remove pasted.bin").click();
  await ana.attachments.first().waitFor({ state: "detached" });
  expect(await asks(ana)).toBe(false);
  await ana.page.evaluate(pasted(5));
  await until("it is kept", async () => !(await asks(ana)));
  await ana.button(/Account and settings/).click();
  await ana.button("Log out").click();
  const question = ana.dialog(/Log out/);
  await question.getByRole("button", { name: "Log out" }).click();
  await ana.button("Enter as ana").click();
  await ana.file("chosen.txt").waitFor();
  expect(await ana.attachments.count()).toBe(0);
  await ana.page.reload();
  await ana.file("chosen.txt").waitFor();
  expect(await ana.attachments.count()).toBe(0);
});

pageTest("what was said with a file is changed, added and taken away by its sender", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await using ben = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ben.enter("ben");
  await ana.box.fill("a plna");
  await ana.attach(sandbox.write("plan.txt", "1"), sandbox.write("costs.txt", "2"));
  await ben.sees("a plna");
  await ana.file("costs.txt").waitFor();
  // They were sent at once: one row, with one text.
  await until("all is there", async () => (await ana.page.locator("article .file").count()) === 2);
  expect(await ana.message("a plna").count()).toBe(1);
  expect(await ana.message("a plna").locator(".file").count()).toBe(2);
  await ana.settled();
  await ana.box.press("ArrowUp");
  expect(await ana.box.inputValue()).toBe("a plna");
  await ana.page.getByText("Editing your message").waitFor();
  expect(await ana.barriers()).toEqual([]);
  await ana.box.fill("x".repeat(4_097));
  await ana.page.getByText(/at most 4.1 kB/).waitFor();
  await ana.box.press("Enter");
  await ana.box.fill("a plan, @ben");
  await ana.box.press("Enter");
  await ben.sees("a plan, @ben (edited)");
  expect(await ben.message("a plan").locator(".mention-me").count()).toBe(1);
  expect(await ben.message("a plna").count()).toBe(0);
  // The other one has none: it is added, and stands with that file alone.
  await ana
    .file("costs.txt")
    .getByRole("button", { name: /^Actions for/ })
    .click();
  await ana.entry("Add a caption").click();
  await ana.box.fill("its costs");
  await ana.box.press("Enter");
  await ben.sees("its costs");
  expect(await ben.message("its costs").locator(".file").count()).toBe(1);
  expect(await ben.message("a plan").locator(".file").count()).toBe(1);
  await ana.keepPicture("captions");
  expect(await ana.barriers()).toEqual([]);
  await ana.message("its costs").hover();
  await ana.message("its costs").locator(".tools-more").click();
  await ana.entry("Edit caption").click();
  await ana.box.fill("");
  await ana.box.press("Enter");
  await until("it is gone", async () => (await ben.message("its costs").count()) === 0);
  // Nobody else has the way to do so.
  await ben
    .file("plan.txt")
    .getByRole("button", { name: /^Actions for/ })
    .click();
  await ben.entry("Copy text").waitFor();
  expect(await ben.entry("Edit caption").count()).toBe(0);
});
