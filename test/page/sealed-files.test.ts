import { expect } from "bun:test";
import { mkdirSync, readdirSync, statSync, utimesSync } from "node:fs";
import { basename, join } from "node:path";
import { MIB, noise, sha256Of } from "../e2e/couriers.ts";
import type { Program } from "../e2e/program.ts";
import { Relay } from "../e2e/relay.ts";
import { holding } from "../e2e/sealed-server.ts";
import { until } from "../event.ts";
import { windowedChromiumPath } from "../installed.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { BLACK_PREVIEWS, largeFile, sentJpeg, tone } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { createSealedRoom, Devices, inviteTerminal, inviteUser } from "./sealed-devices.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer({}, sharedBrowser([], windowedChromiumPath));
const devices = new Devices(server);

const CANARY = "a plan that only they may read";
/** Size that is not a multiple of the chunk size. */
const BYTES = 3 * 1024 * 1024 + 4_321;

/** Without a picker, a saved file appears among the browser's downloads. */
const NO_PICKER = "delete window.showSaveFilePicker;";

interface Scene {
  readonly ana: Visit;
  readonly ben: Program;
}

let opened: Scene | undefined;

async function scene(): Promise<Scene> {
  if (opened !== undefined) return opened;
  const ana = await devices.window("ana", { initScript: NO_PICKER });
  const ben = await devices.terminal("ben");
  await createSealedRoom(ana, "vault");
  await inviteTerminal(ana, "ben", ben, "vault");
  opened = { ana, ben };
  return opened;
}

function content(): Buffer {
  return Buffer.concat([Buffer.from(CANARY), noise(BYTES), Buffer.from(CANARY)]);
}

async function saveFile(visit: Visit, name: string): Promise<string> {
  const download = visit.page.waitForEvent("download");
  await visit.button(`Save ${name}`).click();
  const taken = await download;
  expect(taken.suggestedFilename()).toBe(name);
  return sha256Of(String(await taken.path()));
}

async function readSaved(ben: Program, name: string): Promise<string> {
  const { id } = await ben.file({ name });
  ben.type(`/get ${id} ${server.sandbox.path("inbox")}`);
  return sha256Of(String((await ben.json("got"))["path"]));
}

async function expectNothingAtServer(...names: readonly string[]): Promise<void> {
  for (const text of [CANARY, ...names]) {
    expect(await holding(server.served.data, text)).toEqual([]);
  }
}

pageTest("saves a terminal's file with its name and every byte", async () => {
  const { sandbox } = server;
  const { ana, ben } = await scene();
  await Bun.write(sandbox.path("plans.bin"), content());
  ben.type(`/send ${sandbox.path("plans.bin")}`);
  const card = ana.file("plans.bin");
  await card.getByText("3.2 MB").waitFor();
  expect(await saveFile(ana, "plans.bin")).toBe(await sha256Of(sandbox.path("plans.bin")));
  // The browser's own download would save ciphertext, so it is not offered.
  await card.getByRole("button", { name: /^Actions for/ }).click();
  await ana.menuItem("Delete this file").waitFor();
  expect(await ana.page.getByRole("menuitem").count()).toBe(1);
  await ana.page.keyboard.press("Escape");
  await Bun.write(sandbox.path("empty.txt"), "");
  ben.type(`/send ${sandbox.path("empty.txt")}`);
  await ana.file("empty.txt").waitFor();
  expect(await saveFile(ana, "empty.txt")).toBe(await sha256Of(sandbox.path("empty.txt")));
  await expectNothingAtServer("plans.bin", "empty.txt");
});

const PDF = [
  "%PDF-1.4",
  "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj",
  "trailer<</Root 1 0 R>>",
].join("\n");
const TRAP = "<!doctype html><script>top.document.title = 'taken'</script>";

pageTest("saves a terminal's folder as an archive, which only the page can read", async () => {
  const { sandbox } = server;
  const { ana, ben } = await scene();
  mkdirSync(sandbox.path("trip/day: 1"), { recursive: true });
  mkdirSync(sandbox.path("trip/empty"));
  await Bun.write(sandbox.path("trip/day: 1/notes.txt"), CANARY);
  const large = content();
  await Bun.write(sandbox.path("trip/large.bin"), large);
  ben.type(`/send ${sandbox.path("trip")}`);
  await ana
    .file("trip")
    .getByText(/^Folder, 4 entries/)
    .waitFor();
  const download = ana.page.waitForEvent("download");
  await ana.button("Save trip").click();
  const taken = await download;
  expect(taken.suggestedFilename()).toBe("trip.zip");
  const archive = Buffer.from(await Bun.file(String(await taken.path())).arrayBuffer());
  for (const name of ["trip/", "trip/day_ 1/", "trip/day_ 1/notes.txt", "trip/empty/"]) {
    expect(archive.includes(name)).toBe(true);
  }
  expect(archive.includes(large)).toBe(true);
  await expectNothingAtServer("notes.txt", "large.bin");
});

pageTest("sends a folder to a terminal, of which the server learns no name", async () => {
  const { sandbox } = server;
  const { ana, ben } = await scene();
  mkdirSync(sandbox.path("plans/inner"), { recursive: true });
  await Bun.write(sandbox.path("plans/inner/secret.txt"), CANARY);
  await Bun.write(sandbox.path("plans/large.bin"), content());
  const chosen = ana.page.waitForEvent("filechooser");
  await ana.button("Attach").click();
  await ana.menuItem("Folder").click();
  await (await chosen).setFiles(sandbox.path("plans"));
  await ana.attachments.getByText(/^Folder, 3 entries · /).waitFor();
  await ana.button("Send").click();
  const { id } = await ben.file({ name: "plans" });
  ben.type(`/get ${id} ${sandbox.path("inbox")}`);
  const path = String((await ben.json("got", { id }))["path"]);
  for (const name of ["inner/secret.txt", "large.bin"])
    expect(await sha256Of(join(path, name))).toBe(await sha256Of(sandbox.path(`plans/${name}`)));
  await expectNothingAtServer("plans", "secret.txt");
});

pageTest("shows a document and a sound within the page, and no HTML", async () => {
  const { sandbox } = server;
  const { ana, ben } = await scene();
  const { page } = ana;
  const requests: string[] = [];
  ana.context.on("request", (request) => requests.push(request.url()));
  const files = { "plan.pdf": PDF, "trap.pdf": TRAP, "tone.wav": tone(2) };
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
        ? ana.dialog(name).getByText("This isn't a PDF.")
        : page.frameLocator(`iframe[title="${name}"]`).locator(":root");
    // Some versions of Chromium report the document of their PDF viewer as hidden.
    await shown.waitFor({ state: "attached" });
    await ana.dialog(name).getByRole("button", { name: "Close" }).click();
  }
  await page.locator("audio").waitFor();
  expect(await ana.accessibilityViolations()).toEqual([]);
  await ana.dialog("tone.wav").getByRole("button", { name: "Close" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  expect(await page.title()).not.toContain("taken");
  expect(requests.filter((url) => url.includes("/files/"))).toEqual([]);
  await expectNothingAtServer(...Object.keys(files));
});

pageTest("encrypts a file that a terminal and another page open", async () => {
  const { sandbox } = server;
  const { ana, ben } = await scene();
  await using cid = await devices.logIn("cid", { initScript: NO_PICKER });
  await inviteUser(ana, "cid", cid, "vault");
  const path = sandbox.path("telling-name.bin");
  const name = basename(path);
  await Bun.write(path, content());
  const time = new Date(1_000_000_000_123);
  utimesSync(path, time, time);
  await ana.sendFiles(path);
  const hash = await sha256Of(path);
  expect(await readSaved(ben, name)).toBe(hash);
  expect(statSync(sandbox.path("inbox", name)).mtime).toEqual(time);
  await cid.file(name).waitFor();
  expect(await saveFile(cid, name)).toBe(hash);
  await ana.file(name).waitFor();
  expect(await ana.page.locator("article.is-pending").count()).toBe(0);
  const pair = ["one-of-pair.txt", "two-of-pair.txt"];
  for (const one of pair) await Bun.write(sandbox.path(one), CANARY);
  await ana.sendFiles(...pair.map((one) => sandbox.path(one)));
  await ben.out.next("one message", (line) => pair.every((one) => line.includes(`"${one}"`)));
  await expectNothingAtServer("telling-name", "1000000000123", "of-pair");
  const kept = () => readdirSync(join(server.served.data, "files")).length;
  const count = kept();
  await ana.chooseFromMenu(name, "Delete");
  await ana.page.locator("dialog[open]").getByRole("button", { name: "Delete" }).click();
  await ana.page.locator(".gone").waitFor();
  await until("the content is erased", () => kept() < count);
});

pageTest("resumes an encrypted upload after a reload", async () => {
  const { sandbox } = server;
  const { ben } = await scene();
  await using relay = await Relay.open(server.served.port);
  await using dora = await devices.logIn("dora", { via: relay });
  await createSealedRoom(dora, "attic");
  await inviteTerminal(dora, "ben", ben, "attic");
  const path = largeFile(sandbox.path("clip.bin"), 12 * MIB + 77);
  const half = relay.stallAfter("up", 6 * MIB);
  await dora.sendFiles(path);
  await half;
  const address = dora.page.url();
  await dora.page.goto("about:blank");
  relay.drop();
  await dora.page.goto(address);
  relay.passed.up = 0;
  expect(await readSaved(ben, "clip.bin")).toBe(await sha256Of(path));
  expect(relay.passed.up).toBeLessThan(9 * MIB);
  await expectNothingAtServer("clip.bin");
});

pageTest("shows the sender's preview without its original, unless it lies", async () => {
  await using dan = await devices.logIn("dan");
  await using eve = await devices.logIn("eve", { initScript: BLACK_PREVIEWS });
  await createSealedRoom(dan, "album");
  await inviteUser(dan, "eve", eve, "album");
  const warning = /showed a different picture/;
  for (const [from, to, name] of [
    [dan, eve, "true.jpg"],
    [eve, dan, "false.jpg"],
  ] as const) {
    // Larger than the originals from which a page makes a preview itself.
    await Bun.write(server.sandbox.path(name), await sentJpeg({}, 14_000_000));
    await from.sendFiles(server.sandbox.path(name));
    const image = `document.querySelector('[aria-label="File ${name}"] img')`;
    await to.page.locator(`[aria-label="File ${name}"] img`).waitFor();
    const width = await to.page.evaluate<number>(
      `${image}.decode().then(() => ${image}.naturalWidth)`,
    );
    expect(width).toBe(1_280);
    await to.button(`Enlarge ${name}`).click();
    if (from === eve) await to.page.getByText(warning).waitFor();
    const viewed = to.dialog(name).getByRole("img");
    await until("the original is shown", () =>
      viewed.evaluate((element) => Reflect.get(element, "naturalWidth") === 2_000),
    );
    if (from === dan) expect(await to.page.getByText(warning).count()).toBe(0);
    await to.page.keyboard.press("Escape");
  }
  await expectNothingAtServer("true.jpg", "false.jpg", '"width"');
});
