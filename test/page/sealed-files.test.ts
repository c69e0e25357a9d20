import { expect } from "bun:test";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { noise, sha256Of } from "../e2e/couriers.ts";
import { type Program, Sandbox, type Served } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { holding, keyPackages } from "../e2e/sealed-server.ts";
import { eventually } from "../event.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { film } from "./film.ts";
import { largeFile, pageAddress, photo, secretOf } from "./scenery.ts";
import { letsIn, letsTerminalIn, makesVault } from "./vault.ts";
import type { Visit } from "./visit.ts";

/** Files of sealed rooms in browsers: the server has neither their content nor their names. */

const browser = sharedBrowser();

const CANARY = "a plan that only they may read";
/** Some chunks, and no whole number of them. */
const BYTES = 3 * 1024 * 1024 + 4_321;

interface Scene {
  readonly served: Served;
  readonly ana: Visit;
  readonly ben: Program;
}

/** Ana has the page, ben a terminal, and both are in the vault. */
async function scene(sandbox: Sandbox, before?: string): Promise<Scene> {
  const served = await sandbox.serve();
  const ana = await browser.visit(pageAddress(served), before === undefined ? {} : { before });
  await ana.enter("ana");
  const ben = await sandbox.home("ben").join(["--user", "ben"]);
  await keyPackages(served.data, 2);
  await makesVault(ana);
  await letsTerminalIn(ana, "ben", ben);
  return { served, ana, ben };
}

function content(): Buffer {
  return Buffer.concat([Buffer.from(CANARY), noise(BYTES), Buffer.from(CANARY)]);
}

async function saved(visit: Visit, name: string): Promise<string> {
  const download = visit.page.waitForEvent("download");
  await visit.button(`Save ${name}`).click();
  const taken = await download;
  expect(taken.suggestedFilename()).toBe(name);
  return sha256Of(String(await taken.path()));
}

async function got(sandbox: Sandbox, ben: Program, name: string): Promise<string> {
  const { id } = await ben.json("file", { name });
  ben.type(`/get ${id} ${sandbox.path("inbox")}`);
  return sha256Of(String((await ben.json("got"))["path"]));
}

async function nothingAt({ data }: Served, ...names: readonly string[]): Promise<void> {
  for (const words of [CANARY, ...names]) expect(await holding(data, words)).toEqual([]);
}

/** Without it, the page gathers what it saves, and the browser keeps it among its downloads. */
const NO_PICKER = "delete window.showSaveFilePicker;";

pageTest("a file of a terminal is saved by the page, with its name and every byte", async () => {
  await using sandbox = new Sandbox();
  const { served, ana, ben } = await scene(sandbox, NO_PICKER);
  await using _ = ana;
  await Bun.write(sandbox.path("plans.bin"), content());
  ben.type(`/send ${sandbox.path("plans.bin")}`);
  const card = ana.file("plans.bin");
  await card.getByText("3.2 MB").waitFor();
  expect(await saved(ana, "plans.bin")).toBe(await sha256Of(sandbox.path("plans.bin")));
  // What the browser would save by its own means is what the server has.
  expect(await card.getByRole("button", { name: /^Actions for/ }).count()).toBe(0);
  await Bun.write(sandbox.path("empty.txt"), "");
  ben.type(`/send ${sandbox.path("empty.txt")}`);
  await ana.file("empty.txt").waitFor();
  expect(await saved(ana, "empty.txt")).toBe(await sha256Of(sandbox.path("empty.txt")));
  await nothingAt(served, "plans.bin", "empty.txt");
});

pageTest("a picture is shown, and a folder is left to the program", async () => {
  await using sandbox = new Sandbox();
  const { served, ana, ben } = await scene(sandbox);
  await using _ = ana;
  await Bun.write(sandbox.path("hill.png"), photo(120, 80));
  ben.type(`/send ${sandbox.path("hill.png")}`);
  await ana.file("hill.png").getByRole("img", { name: "Picture hill.png" }).waitFor();
  await Bun.write(sandbox.path("papers/one.txt"), CANARY);
  ben.type(`/send ${sandbox.path("papers")}`);
  const folder = ana.page.locator(".file").filter({ hasText: "papers" });
  await folder.getByText("chat get-file saves it").waitFor();
  expect(await folder.getByRole("button", { name: /^Save/ }).count()).toBe(0);
  expect(await ana.barriers()).toEqual([]);
  await nothingAt(served, "hill.png", "papers");
});

const PDF = [
  "%PDF-1.4",
  "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj",
  "trailer<</Root 1 0 R>>",
].join("\n");
const TRAP = "<!doctype html><script>top.document.title = 'taken'</script>";

pageTest(
  "a document and a film are shown within the page, and what is no document is not",
  async () => {
    await using sandbox = new Sandbox();
    const { served, ana, ben } = await scene(sandbox);
    await using _ = ana;
    const { page } = ana;
    const requests: string[] = [];
    ana.context.on("request", (request) => requests.push(request.url()));
    const files = { "plan.pdf": PDF, "trap.pdf": TRAP, "film.webm": await film(page, 2) };
    for (const [name, bytes] of Object.entries(files)) {
      await Bun.write(sandbox.path(name), bytes);
      ben.type(`/send ${sandbox.path(name)} --caption ${CANARY}`);
      await ana.file(name).waitFor();
      await ana.button(`Open ${name}`).click();
      if (!name.endsWith(".pdf")) continue;
      const question = ana.dialog(`Open ${name}?`);
      await question.getByRole("button", { name: "Open", exact: true }).click();
      const shown =
        name === "trap.pdf"
          ? ana.dialog(name).getByText("What it holds is no PDF.")
          : page.frameLocator(`iframe[title="${name}"]`).locator(":root");
      await shown.waitFor();
      await ana.dialog(name).getByRole("button", { name: "Close" }).click();
    }
    await page.locator("video").waitFor();
    const seconds = `new Promise((done) => {
    const video = document.querySelector("video");
    const look = () => done(Math.round(video.duration));
    if (video.readyState > 0) look();
    else video.addEventListener("loadedmetadata", look);
  })`;
    expect(await page.evaluate<number>(seconds)).toBe(2);
    expect(await ana.barriers()).toEqual([]);
    expect(await page.title()).not.toContain("taken");
    // The server is asked for none of them in the open.
    expect(requests.filter((url) => url.includes("/files/"))).toEqual([]);
    await nothingAt(served, ...Object.keys(files));
  },
);

pageTest("a file of the page is encrypted first: a terminal and a page open it", async () => {
  await using sandbox = new Sandbox();
  const { served, ana, ben } = await scene(sandbox);
  await using _ = ana;
  await using cid = await browser.visit(pageAddress(served), { before: NO_PICKER });
  await cid.enter("cid");
  await keyPackages(served.data, 3);
  await letsIn(ana, "cid", cid);
  const path = sandbox.path("telling-name.bin");
  const name = basename(path);
  await Bun.write(path, content());
  await ana.attach(path);
  const hash = await sha256Of(path);
  expect(await got(sandbox, ben, name)).toBe(hash);
  await cid.file(name).waitFor();
  expect(await saved(cid, name)).toBe(hash);
  await ana.file(name).waitFor();
  expect(await ana.page.locator("article.is-pending").count()).toBe(0);
  await nothingAt(served, "telling-name");
  const kept = () => readdirSync(join(served.data, "files"));
  expect(kept()).not.toEqual([]);
  // Who erases the message erases the content.
  const message = ana.page.locator("article.message").filter({ hasText: name });
  await message.hover();
  await message.getByRole("button", { name: /^Actions for / }).click();
  await ana.entry("Erase").click();
  await ana.page.locator("dialog[open]").getByRole("button", { name: "Erase" }).click();
  await ana.page.locator(".gone").waitFor();
  await eventually("the content is erased", () => kept().length === 0);
});

/** Hands a file over as the user does: an expression. */
function handing(kind: "paste" | "drop"): string {
  const [place, event] =
    kind === "paste"
      ? [".composer textarea", "new ClipboardEvent('paste', { ...more, clipboardData: data })"]
      : [".timeline", "new DragEvent('drop', { ...more, dataTransfer: data })"];
  return `{
    const data = new DataTransfer();
    data.items.add(new File(["${CANARY}"], "by-${kind}.txt", { type: "text/plain" }));
    const more = { bubbles: true, cancelable: true };
    document.querySelector("${place}").dispatchEvent(${event});
  }`;
}

pageTest("files that are pasted and dropped are encrypted, and go on after a reload", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using relay = await Relay.open(served.port);
  await using ana = await browser.visit(`https://${relay.address}/#invite=${secretOf(served)}`);
  await ana.enter("ana");
  const ben = await sandbox.home("ben").join(["--user", "ben"]);
  await keyPackages(served.data, 2);
  await makesVault(ana);
  await letsTerminalIn(ana, "ben", ben);
  for (const kind of ["paste", "drop"] as const) {
    await ana.page.evaluate(handing(kind));
    await ana.attachments.first().waitFor();
    await ana.box.fill(`the words by ${kind}`);
    await ana.button("Send").click();
    await ben.json("file", { name: `by-${kind}.txt`, text: `the words by ${kind}` });
  }
  const path = largeFile(sandbox.path("film.bin"), 40 * 1024 * 1024 + 77);
  const half = relay.stallAfter("up", 20 * 1024 * 1024);
  await ana.attach(path);
  await half;
  const loaded = ana.page.reload();
  relay.release();
  await loaded;
  const line = ana.transfer("film.bin");
  await line.getByText("Choose the file again to go on").waitFor();
  const again = ana.page.waitForEvent("filechooser");
  await line.getByRole("button", { name: "Resume" }).click();
  await (await again).setFiles(path);
  expect(await got(sandbox, ben, "film.bin")).toBe(await sha256Of(path));
  await nothingAt(served, "film.bin", "by-paste", "by-drop", "the words");
});

pageTest("a page that cannot seal sends no file to a sealed room", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana", { password: "correct horse" });
  await makesVault(ana);
  await ana.says("the first word");
  await ana.settled();
  const before = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });";
  await using plain = await browser.visit(pageAddress(served), { before });
  await using other = await browser.visit(pageAddress(served));
  await plain.fillEntry("ana", { password: "correct horse" });
  await other.enter("ana", { password: "correct horse" });
  await Bun.write(sandbox.path("telling-name.txt"), CANARY);
  for (const [visit, why] of [
    [plain, /Open this page by https/],
    [other, /You are not allowed to do this/],
  ] as const) {
    await visit.room("vault").click();
    await visit.attach(sandbox.path("telling-name.txt"));
    await visit.page.locator(".toast, .transfer").getByText(why).first().waitFor();
    // It waits to be sent, or among the transfers: nothing is lost.
    const transfers = visit.transfer("telling-name.txt");
    expect((await visit.attachments.count()) + (await transfers.count())).toBe(1);
  }
  await nothingAt(served, "telling-name");
});
