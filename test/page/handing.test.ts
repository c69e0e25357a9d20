import { expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { sha256, sha256Of } from "../e2e/couriers.ts";
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

pageTest("a picture from the clipboard is sent after a question, and seen on demand", async () => {
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
  const question = ana.dialog("Send this file to lobby?");
  await question.getByText("image.png").waitFor();
  await question.getByRole("button", { name: "Send" }).click();
  const card = ben.file("image.png");
  await card.waitFor();
  expect(await card.locator("img").count()).toBe(0);
  await card.getByRole("button", { name: "Show preview" }).click();
  await card.getByRole("img", { name: "Picture image.png" }).waitFor();
  expect(await widthIn(ben, "image.png")).toBe(320);
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
    const buttons = await ana.file(name).getByRole("button").allTextContents();
    expect([name, buttons]).toEqual([name, ["Save", "…"]]);
  }
  const card = ana.file("really.png");
  await card.getByRole("button", { name: "Show preview" }).click();
  await card.getByText("What it holds is no picture that can be shown here.").waitFor();
  expect(await ana.page.locator("article img").count()).toBe(0);
});

pageTest("files that are dropped on a room are sent there after a question", async () => {
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
  const question = ana.dialog("Send 2 files to lobby?");
  await question.getByText("b.txt").waitFor();
  await question.getByRole("button", { name: "Cancel" }).click();
  expect(await ana.page.locator(".transfer").count()).toBe(0);
  await drag("drop");
  await question.getByRole("button", { name: "Send" }).click();
  await ana.file("b.txt").waitFor();
  await ana.file("a.png").waitFor();
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "tom", CHAT_PASSWORD: "x" };
  const tom = sandbox.home("tom").with(env);
  await tom.json(["register"]);
  const [told] = (await tom.json(["files"])).filter(({ name }) => name === "a.png");
  await tom.json(["get-file", String(told?.["id"]), "--out", sandbox.path("inbox")]);
  expect(await sha256Of(sandbox.path("inbox", "a.png"))).toBe(sha256(sandbox.path("a.png")));
});
