import { expect } from "bun:test";
import { until } from "../e2e/deadline.ts";
import { type Home, Sandbox, type Served } from "../e2e/program.ts";
import { pageTest, sharedBrowser } from "./browser.ts";
import { film } from "./film.ts";
import { pageAddress, photo } from "./scenery.ts";
import type { Visit } from "./visit.ts";

/** Pictures, sounds and documents where they stand, and in the viewer. */

const browser = sharedBrowser();

async function ben(sandbox: Sandbox, served: Served): Promise<Home> {
  const env = { CHAT_INVITE: served.invite, CHAT_USER: "ben", CHAT_PASSWORD: "xxxxxxxx" };
  const home = sandbox.home("ben").with(env);
  await home.json(["register"]);
  return home;
}

function pictures(sandbox: Sandbox, ...names: readonly string[]): Promise<string[]> {
  return Promise.all(
    names.map(async (name, i) => {
      await Bun.write(sandbox.path(name), photo(200 + 60 * i, 150));
      return sandbox.path(name);
    }),
  );
}

const inRoom = ({ page }: Visit) => page.locator("article img");

pageTest("pictures show themselves, and the viewer leads from one to the next", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const home = await ben(sandbox, served);
  const paths = await pictures(sandbox, "a.png", "b.png", "c.png");
  await home.json(["send-file", ...paths, "--caption", "from the roof"]);
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.sees("from the roof");
  expect(await ana.message("from the roof").count()).toBe(1);
  await until("all three are drawn", async () => (await inRoom(ana).count()) === 3);
  expect(await ana.barriers()).toEqual([]);
  await ana.button("Enlarge a.png").click();
  await ana.dialog("a.png").getByText("1 of 3").waitFor();
  await ana.dialog("a.png").getByText("from the roof").waitFor();
  expect(await ana.barriers()).toEqual([]);
  await ana.page.keyboard.press("ArrowRight");
  const shown = ana.dialog("b.png").getByRole("img");
  await shown.waitFor();
  const width = async () => (await shown.boundingBox())?.width ?? 0;
  await until("it is drawn", async () => (await width()) === 260);
  await ana.page.keyboard.press("+");
  await until("it is twice as large", async () => (await width()) === 520);
  await ana.page.keyboard.press("0");
  await until("it is as before", async () => (await width()) === 260);
  await ana.page.keyboard.press("ArrowRight");
  await ana.dialog("c.png").getByText("3 of 3").waitFor();
  await ana.page.keyboard.press("ArrowRight"); // There is none.
  await ana.page.keyboard.press("ArrowLeft");
  await ana.dialog("b.png").getByText("2 of 3").waitFor();
  await ana.page.keyboard.press("Escape");
  await ana.page.locator("dialog").waitFor({ state: "detached" });
});

pageTest(
  "pictures are switched off for a room, for a device, and where bytes are dear",
  async () => {
    await using sandbox = new Sandbox();
    const served = await sandbox.serve();
    const home = await ben(sandbox, served);
    await home.json(["send-file", ...(await pictures(sandbox, "a.png"))]);
    await using ana = await browser.visit(pageAddress(served));
    await ana.enter("ana");
    await inRoom(ana).waitFor();
    const here = async (entry: string) => {
      await ana.button("Actions for lobby").click();
      await ana.entry(entry).click();
    };
    await here("Hide pictures here");
    await inRoom(ana).waitFor({ state: "detached" });
    await ana.page.reload();
    await ana.file("a.png").getByRole("button", { name: "Show preview" }).click();
    await inRoom(ana).waitFor();
    await here("Show pictures here");
    await inRoom(ana).waitFor();
    const before = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });";
    await using cid = await browser.visit(pageAddress(served), { before });
    await cid.enter("cid");
    const preview = cid.file("a.png").getByRole("button", { name: "Show preview" });
    await preview.waitFor();
    expect(await inRoom(cid).count()).toBe(0);
    await preview.click();
    await inRoom(cid).waitFor();
  },
);

/** A tone, as simple as a file that plays can be. */
function tone(seconds: number): Buffer {
  const samples = Buffer.alloc(8_000 * seconds, 0x80);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const) {
    head.writeUInt16LE(value, at);
  }
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

pageTest("a sound plays out of the middle, without all that stands before", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const home = await ben(sandbox, served);
  await Bun.write(sandbox.path("tone.wav"), tone(600));
  await home.json(["send-file", sandbox.path("tone.wav")]);
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await ana.button("Open tone.wav").click();
  await ana.page.locator("audio").waitFor();
  const audio = "document.querySelector('audio')";
  await until("its length is known", () =>
    ana.page.evaluate<boolean>(`Math.round(${audio}.duration) === 600`),
  );
  await ana.page.evaluate(`new Promise((done) => {
    ${audio}.addEventListener("seeked", done, { once: true });
    ${audio}.currentTime = 590;
  })`);
  expect(await ana.page.evaluate(`Math.round(${audio}.currentTime)`)).toBe(590);
  expect(await ana.barriers()).toEqual([]);
});

/** Goes to that second of the film as soon as it may, and plays on from there. */
const played = (second: number) => `(async () => {
  const video = document.querySelector("video");
  const once = { once: true };
  const told = (event) => new Promise((done) => video.addEventListener(event, done, once));
  if (video.readyState < 1) await told("loadedmetadata");
  const there = told("seeked");
  video.currentTime = ${second};
  await there;
  video.muted = true;
  const moved = told("timeupdate");
  await video.play();
  await moved;
  video.pause();
  return [video.videoWidth, Math.round(video.duration), video.currentTime >= ${second}];
})()`;

pageTest("a film plays, out of the middle too, by parts of it", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const home = await ben(sandbox, served);
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  await Bun.write(sandbox.path("film.webm"), await film(ana.page, 60));
  const [sent] = await home.json(["send-file", sandbox.path("film.webm")]);
  const asked: (number | undefined)[] = [];
  ana.context.on("response", (response) => {
    const { range } = response.request().headers();
    if (!response.url().endsWith("?view")) return;
    const isPart = response.status() === 206;
    asked.push(isPart ? Number(/^bytes=([0-9]+)-/.exec(range ?? "")?.[1]) : undefined);
  });
  await ana.button("Open film.webm").click();
  await ana.page.locator("video").waitFor();
  expect(await ana.page.evaluate<unknown>(played(58))).toEqual([480, 60, true]);
  // Each answer was a part, and one of them begins near the end.
  expect(asked).not.toContain(undefined);
  expect(Math.max(...asked.map(Number))).toBeGreaterThan(Number(sent?.["sizeBytes"]) / 2);
  expect(await ana.barriers()).toEqual([]);
  await ana.dialog("film.webm").getByRole("button", { name: "Close" }).click();
});

const SCRIPT = "<script>top.document.title = 'taken'; alert(1)</script>";

pageTest("nothing in a file runs, whatever it is called and wherever it is opened", async () => {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve();
  const home = await ben(sandbox, served);
  const names = ["page.pdf", "film.mp4", "tone.wav"];
  for (const name of names) {
    await Bun.write(sandbox.path(name), `<!doctype html>${SCRIPT}`);
    await home.json(["send-file", sandbox.path(name)]);
  }
  await using ana = await browser.visit(pageAddress(served));
  await ana.enter("ana");
  const opens: string[] = [];
  ana.context.on("request", (request) => {
    if (/\/files\/[^/]+\?view$/.test(request.url())) opens.push(request.url());
  });
  for (const [i, name] of names.entries()) {
    await ana.button(`Open ${name}`).click();
    if (name.endsWith(".pdf")) {
      const question = ana.dialog(`Open ${name}?`);
      await question.getByRole("button", { name: "Open", exact: true }).click();
    }
    await until(`${name} is asked for`, async () => opens.length > i);
    await ana.dialog(name).getByRole("button", { name: "Close" }).click();
  }
  const [document = ""] = opens;
  const told = await ana.page.evaluate<string[]>(`fetch("${document}").then(({ headers }) =>
    ["content-type", "content-security-policy", "x-content-type-options"].map((name) =>
      headers.get(name)))`);
  expect(told).toEqual([
    "application/pdf",
    "sandbox; default-src 'none'; frame-ancestors 'self'",
    "nosniff",
  ]);
  // Where it is opened by itself, it is no page of this server either.
  const alone = await ana.context.newPage();
  await alone.goto(document).catch(() => undefined); // A browser may save it instead.
  expect(await ana.page.title()).not.toContain("taken");
  expect(await alone.title()).not.toContain("taken");
});
