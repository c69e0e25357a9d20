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
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "x" };
  const tom = sandbox.home("tom").with(env);
  await tom.json(["register"]);
  const [told] = (await tom.json(["files"])).filter(({ name }) => name === "a.png");
  await tom.json(["get-file", String(told?.["id"]), "--out", sandbox.path("inbox")]);
  expect(await sha256Of(sandbox.path("inbox", "a.png"))).toBe(sha256(sandbox.path("a.png")));
});
