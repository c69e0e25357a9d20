import { expect } from "bun:test";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { jpegOf } from "../cli/screen/pictures/test-png.ts";
import { phoneExif, withExif } from "../core/client/exif.ts";
import { noise, sha256Of } from "../e2e/couriers.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { photo } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

async function widthIn({ page }: Visit, name: string): Promise<number> {
  const image = `document.querySelector('[aria-label="File ${name}"] img')`;
  return page.evaluate<number>(`${image}.decode().then(() => ${image}.naturalWidth)`);
}

pageTest("previews a pasted picture, and sends it with a caption that notifies", async () => {
  const ana = await server.window("ana");
  const ben = await server.window("ben");
  await ana.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const png = photo(320, 200).toString("base64");
  await ana.page.evaluate(`navigator.clipboard.write([new ClipboardItem({
    "image/png": new Blob([Uint8Array.fromBase64("${png}")], { type: "image/png" }),
  })])`);
  await ana.composer.focus();
  await ana.page.keyboard.press("Control+V");
  await ana.attachments.getByRole("img", { name: "Image image.png" }).waitFor();
  await ana.attach(server.sandbox.write("wrong.txt", "no"));
  await ana.composer.fill("look, @ben");
  await ana.button("Remove wrong.txt").click();
  await until("one is left", async () => (await ana.attachments.count()) === 1);
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.composer.press("Enter");
  await ana.attachments.first().waitFor({ state: "detached" });
  await until("the text is gone", async () => (await ana.composer.inputValue()) === "");
  const card = ben.file("image.png");
  await card.getByRole("img", { name: "Image image.png" }).waitFor();
  expect(await widthIn(ben, "image.png")).toBe(320);
  const message = ben.message("look, @ben");
  expect(await message.count()).toBe(1);
  expect(await message.getAttribute("class")).toContain("is-calling");
});

pageTest("sends a long text and its file as one message", async () => {
  const ana = await server.window("ana");
  await ana.attach(server.sandbox.write("one.txt", "1"));
  await ana.composer.fill("/nonsense x");
  await ana.composer.press("Enter");
  await ana.page.getByText("Unknown command: /nonsense").waitFor();
  expect(await ana.attachments.count()).toBe(1);
  const long = `${"long ".repeat(1_000)}end`;
  await ana.composer.fill(long);
  await ana.button("Send").click();
  await ana.file("one.txt").waitFor();
  await ana.waitForMessage(/long end/);
  const article = ana.page.locator("article").filter({ has: ana.file("one.txt") });
  expect(await article.textContent()).toContain("long end");
});

pageTest("attaches files that are dropped on the room", async () => {
  const { sandbox } = server;
  const ana = await server.window("ana");
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
  const transfers = ana.page.locator(".transfer");
  await until("earlier transfers are gone", async () => (await transfers.count()) === 0);
  const over = ana.page.getByText("Drop files to send them to #lobby");
  await drag("dragenter");
  await over.waitFor();
  await drag("dragover");
  await drag("drop");
  await over.waitFor({ state: "detached" });
  await ana.attachments.getByText("b.txt").waitFor();
  await ana.attachments.getByRole("img", { name: "Image a.png" }).waitFor();
  expect(await transfers.count()).toBe(0);
  const isOpened = `(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData("text/uri-list", "https://elsewhere.example/");
    const more = { dataTransfer, bubbles: true, cancelable: true };
    return document.querySelector(".side-rooms").dispatchEvent(new DragEvent("drop", more));
  })()`;
  expect(await ana.page.evaluate<boolean>(isOpened)).toBe(false);
  await ana.button("Send").click();
  await ana.file("b.txt").waitFor();
  await ana.file("a.png").waitFor();
});

async function drop({ context, page }: Visit, ...files: readonly string[]): Promise<void> {
  const devtools = await context.newCDPSession(page);
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await devtools.send("Input.dispatchDragEvent", { type, x: 600, y: 300, data });
}

/** Writes a folder that no single chunk contains. */
function writeTrip(name: string): string {
  const { sandbox } = server;
  for (const folder of ["empty", "inner/deep"])
    mkdirSync(sandbox.path(`${name}/${folder}`), { recursive: true });
  writeFileSync(sandbox.path(`${name}/large.bin`), noise(700_000));
  writeFileSync(sandbox.path(`${name}/inner/second.bin`), noise(300_001));
  writeFileSync(sandbox.path(`${name}/inner/deep/none.txt`), "");
  writeFileSync(sandbox.path(`${name}/inner/notes a.txt`), "a plan");
  return sandbox.path(name);
}

/** Paths in a folder, with digests of its files. */
async function contentsOf(folder: string): Promise<readonly string[]> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  return Promise.all(
    paths.map(async (path) => {
      const isFolder = statSync(join(folder, path)).isDirectory();
      return isFolder ? `${path}/` : `${path} ${await sha256Of(join(folder, path))}`;
    }),
  );
}

async function received(name: string): Promise<string> {
  const tia = server.home("tia");
  await tia.run(["register"]);
  const sent = (await tia.json(["files"])).filter((file) => file["name"] === name);
  const out = server.sandbox.path("inbox");
  const lines = await tia.json(["get-file", String(sent.at(-1)?.["id"]), "--out", out]);
  return String(lines.find(({ kind }) => kind === "got")?.["path"]);
}

pageTest("sends a dropped folder as one message, without links", async () => {
  const ana = await server.window("ana");
  const trip = writeTrip("trip");
  const contents = await contentsOf(trip);
  symlinkSync("large.bin", join(trip, "link.bin"));
  symlinkSync(".", join(trip, "loop"));
  await drop(ana, trip);
  await ana.attachments.getByText(/^Folder, 7 entries · /).waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.composer.fill("from the trip");
  await ana.button("Send").click();
  await ana
    .file("trip")
    .getByText(/^Folder, 7 entries/)
    .waitFor();
  expect(await ana.message("from the trip").count()).toBe(1);
  expect(await contentsOf(await received("trip"))).toEqual(contents);
});

pageTest("sends a chosen folder as one message, without empty folders", async () => {
  const ana = await server.window("ana");
  const chosen = ana.page.waitForEvent("filechooser");
  const tour = writeTrip("tour");
  writeFileSync(join(tour, "view.jpg"), withExif(await jpegOf(40, 30), phoneExif()));
  await ana.button("Attach").click();
  await ana.menuItem("Folder").click();
  await (await chosen).setFiles(tour);
  await ana.attachments.getByText(/^Folder, 7 entries · /).waitFor();
  await ana.page.getByText("A file contains the location where it was made.").waitFor();
  await ana.button("Send").click();
  await ana.file("tour").waitFor();
  rmSync(join(tour, "empty"), { recursive: true });
  expect(await contentsOf(await received("tour"))).toEqual(await contentsOf(tour));
});

pageTest("sends two folders and a file that are dropped together", async () => {
  const { sandbox } = server;
  const ana = await server.window("ana");
  for (const name of ["de", "en", "none"]) mkdirSync(sandbox.path(name));
  for (const name of ["de", "en"]) sandbox.write(`${name}/index.html`, name);
  const paths = ["de", "none", "en"].map((name) => sandbox.path(name));
  await drop(ana, ...paths, sandbox.write("readme.txt", "1"));
  await until("all are attached", async () => (await ana.attachments.count()) === 4);
  expect(await ana.attachments.locator(".attachment-name").allTextContents()).toEqual([
    "de",
    "none",
    "en",
    "readme.txt",
  ]);
  await ana.button("Remove en").click();
  await ana.button("Send").click();
  for (const name of ["de", "readme.txt"]) await ana.file(name).waitFor();
  await ana.file("none").getByText("Folder, 0 entries").waitFor();
  expect(await ana.file("en").count()).toBe(0);
});

pageTest("names the entries of a folder that it leaves out", async () => {
  const ana = await server.window("ana");
  const trip = writeTrip("closed");
  await drop(ana, trip);
  await ana.attachments.getByText("closed").waitFor();
  rmSync(join(trip, "large.bin"));
  await ana.button("Send").click();
  await ana.page.getByText("Entries of a folder were skipped: closed/large.bin").waitFor();
  await ana
    .file("closed")
    .getByText(/^Folder, 6 entries/)
    .waitFor();
  expect(await contentsOf(await received("closed"))).toEqual(await contentsOf(trip));
});

pageTest("lets only the sender change, add and remove captions", async () => {
  const { sandbox } = server;
  const ana = await server.window("ana");
  const ben = await server.window("ben");
  await ana.composer.fill("a plna");
  await ana.sendFiles(sandbox.write("plan.txt", "1"), sandbox.write("costs.txt", "2"));
  await ben.waitForMessage("a plna");
  await ana.file("costs.txt").waitFor();
  const files = ana.message("a plna").locator(".file");
  await until("all is there", async () => (await files.count()) === 2);
  expect(await ana.message("a plna").count()).toBe(1);
  await ana.waitUntilSent();
  await ana.composer.press("ArrowUp");
  expect(await ana.composer.inputValue()).toBe("a plna");
  await ana.page.getByText("Editing your message").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.composer.fill("a plan, @ben");
  await ana.composer.press("Enter");
  // The new text changes the rows of both pages, which would close an open menu.
  await ana.waitForMessage("a plan, @ben (edited)");
  await ben.waitForMessage("a plan, @ben (edited)");
  expect(await ben.message("a plan").locator(".mention-me").count()).toBe(1);
  expect(await ben.message("a plna").count()).toBe(0);
  expect(await ben.message("a plan").locator(".file").count()).toBe(2);
  await ben.openMenu("a plan");
  await ben.menuItem("Copy text").waitFor();
  expect(await ben.menuItem("Edit caption").count()).toBe(0);
  await ben.page.keyboard.press("Escape");
  await ana.chooseFromMenu("a plan", "Edit caption");
  await ana.composer.fill("");
  await ana.composer.press("Enter");
  await until("it is gone", async () => (await ben.message("a plan").count()) === 0);
  await ben.file("costs.txt").waitFor();
});

const asks = ({ page }: Visit) =>
  page.evaluate<boolean>("!dispatchEvent(new Event('beforeunload', { cancelable: true }))");

pageTest("keeps attached files across a reload, and forgets them at log-out", async () => {
  await using ana = await server.logIn("ann", { password: "correct horse" });
  const pasted = (sizeBytes: number) => `{
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([new Uint8Array(${sizeBytes})], "pasted.bin"));
    const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
    document.querySelector(".composer textarea").dispatchEvent(event);
  }`;
  await ana.page.evaluate(pasted(5_000));
  await ana.attach(server.sandbox.write("chosen.txt", "chosen"));
  await until("both are kept", async () => !(await asks(ana)));
  await ana.page.reload();
  await ana.attachments.getByText("pasted.bin").waitFor();
  await ana.attachments.getByText("chosen.txt").waitFor();
  const other = await ana.tab();
  await other.composer.waitFor();
  expect(await other.attachments.count()).toBe(0);
  await other.page.close();
  await ana.composer.press("Enter");
  await ana.file("pasted.bin").getByText("5.0 kB").waitFor();
  await ana.file("chosen.txt").waitFor();
  await ana.page.evaluate(pasted(5));
  await until("it is kept", async () => !(await asks(ana)));
  await ana.logOut(async (question) => {
    await question
      .getByText(/^Attached files and messages with files that haven't been sent/)
      .waitFor();
    const forget = question.getByLabel("Shared computer: forget me when I sign out");
    await forget.check();
    await question.getByText(/^Drafts and unsent messages are lost/).waitFor();
    expect(await ana.accessibilityViolations()).toEqual([]);
    await forget.uncheck();
  });
  await ana.enterPassword("correct horse");
  await ana.file("chosen.txt").waitFor();
  expect(await ana.attachments.count()).toBe(0);
});
