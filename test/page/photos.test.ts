import { expect } from "bun:test";
import { jpegOf } from "../cli/screen/pictures/test-png.ts";
import { orientation, withExif } from "../core/client/exif.ts";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { photo, tone } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { scrollIntoView } from "./scroll-into-view.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

/** JPEG of about 3 MB, padded with comments, because an even picture is smaller than a photo. */
async function largeJpeg(width: number, height: number): Promise<Buffer> {
  const picture = new Bun.Image(photo(400, 300)).resize(width, height);
  const jpeg = Buffer.from(await picture.jpeg({ quality: 80 }).bytes());
  const comment = Buffer.alloc(60_002, "x");
  comment.set([0xff, 0xfe, 234, 96]);
  return Buffer.concat([jpeg.subarray(0, 2), ...Array(45).fill(comment), jpeg.subarray(2)]);
}

type Contents = Readonly<Record<string, Uint8Array | string>>;

async function post(files: Contents, user = "ben"): Promise<void> {
  const paths = Object.keys(files).map((name) => server.sandbox.path(name));
  const contents = Object.values(files);
  await Promise.all(paths.map((path, i) => Bun.write(path, contents[i] ?? "")));
  for (const path of paths) await server.home(user).json(["send-file", path]);
}

async function naturalSides({ page }: Visit, name: string): Promise<readonly number[]> {
  const image = `document.querySelector('[aria-label="File ${name}"] img')`;
  await page.locator(`[aria-label="File ${name}"] img`).waitFor();
  const sides = `[${image}.naturalWidth, ${image}.naturalHeight]`;
  return page.evaluate<number[]>(`${image}.decode().then(() => ${sides})`);
}

pageTest("shows photos of any size upright, scaled by the page", async () => {
  const upright = withExif(await jpegOf(400, 300), orientation(6));
  const large = withExif(await largeJpeg(4_000, 3_000), orientation(6));
  expect(large.length).toBeGreaterThan(2 * 1024 * 1024);
  await post({ "upright.jpg": upright }, "cid");
  await post({ "large.jpg": large, "huge.jpg": await largeJpeg(9_000, 6_000) });
  const ana = await server.window("ana");
  expect(await naturalSides(ana, "upright.jpg")).toEqual([300, 400]);
  const box = await ana.file("upright.jpg").locator("button.picture").boundingBox();
  expect((box?.width ?? 0) / (box?.height ?? 1)).toBeCloseTo(3 / 4, 1);
  expect(await naturalSides(ana, "large.jpg")).toEqual([960, 1_280]);
  expect(await naturalSides(ana, "huge.jpg")).toEqual([1_280, 853]);
  // The viewer shows the original, unless it has too many pixels.
  const viewed = async (name: string) => {
    await ana.button(`Enlarge ${name}`).click();
    const image = ana.dialog(name).getByRole("img");
    const width = () => image.evaluate((element) => Reflect.get(element, "naturalWidth") as number);
    await until(`${name} is large`, async () => (await width()) > 1_280);
    const result = await width();
    await ana.page.keyboard.press("Escape");
    return result;
  };
  expect(await viewed("large.jpg")).toBe(3_000);
  expect(await viewed("huge.jpg")).toBeLessThanOrEqual(4_096);
  expect(await ana.accessibilityViolations()).toEqual([]);
});

pageTest("says why a picture isn't displayed, and stays responsive", async () => {
  const whole = await largeJpeg(3_000, 2_000);
  const bomb = photo(8, 6);
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  const corrupt = Buffer.from(whole);
  for (let at = 2_800_000; at < corrupt.length - 2; at += 37) corrupt[at] = 0xff;
  const broken = { "cut.jpg": whole.subarray(0, whole.length / 2), "bomb.png": bomb };
  await post({ ...broken, "corrupt.jpg": corrupt });
  const ana = await server.window("ana");
  for (const name of ["cut.jpg", "bomb.png", "corrupt.jpg"]) {
    await ana.file(name).getByText("This image can't be displayed.").waitFor();
    await ana.button(`Save ${name}`).waitFor();
  }
  await ana.send("still here");
  await ana.waitForMessage("still here");
});

/** Films a canvas for a moment. */
const RECORDING = `new Promise((done) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const context = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: "video/webm" });
  const parts = [];
  let frames = 0;
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.onstop = async () => {
    const bytes = await new Blob(parts).arrayBuffer();
    done(new Uint8Array(bytes).toBase64());
  };
  const draw = () => {
    context.fillStyle = "hsl(" + frames * 12 + " 80% 50%)";
    context.fillRect(0, 0, 320, 240);
    if (frames++ < 20) requestAnimationFrame(draw);
    else recorder.stop();
  };
  recorder.start();
  draw();
})`;

pageTest("has a card for each kind of file, and plays sound and film in the message", async () => {
  const ana = await server.window("ana");
  const film = Buffer.from(await ana.page.evaluate<string>(RECORDING), "base64");
  const cards = {
    "plan.pdf": "PDF",
    "all.zip": "Archive (ZIP)",
    "letter.docx": "Document (DOCX)",
    "costs.xlsx": "Spreadsheet (XLSX)",
    "talk.pptx": "Presentation (PPTX)",
    "main.rs": "Text (RS)",
    "IMG_1.HEIC": "HEIC image",
    "data.xyz": "File XYZ",
  };
  await post({ ...cards, "bell.wav": tone(4), "clip.webm": film, "broken.mov": "no film" });
  for (const [name, type] of Object.entries(cards)) {
    await scrollIntoView(ana.file(name));
    await ana.file(name).getByText(`${type} · `).waitFor();
  }
  await ana
    .file("IMG_1.HEIC")
    .getByText(/Save it and open it in a photo app/)
    .waitFor();
  const clip = ana.file("clip.webm").locator("video");
  await scrollIntoView(ana.file("clip.webm"));
  await until("the first frame is there", () =>
    clip.evaluate((element) => Number(Reflect.get(element, "readyState")) >= 2),
  );
  await ana
    .file("broken.mov")
    .getByText(/can't play this file/)
    .waitFor();
  await ana.button("Play bell.wav").click();
  const bell = ana.file("bell.wav").locator("audio");
  await until("it seeks", () =>
    bell.evaluate((element) => {
      Reflect.set(element, "currentTime", 2);
      return Number(Reflect.get(element, "currentTime")) >= 2;
    }),
  );
  expect(await ana.accessibilityViolations()).toEqual([]);
});

const SENT = { width: 2_000, height: 1_500 };

/** JPEG of 4 MB with the sides at its beginning, as cameras write them. */
async function sentJpeg(): Promise<Buffer> {
  const picture = new Bun.Image(photo(400, 300)).resize(SENT.width, SENT.height);
  const jpeg = await picture.jpeg({ quality: 80 }).bytes();
  return Buffer.concat([jpeg, Buffer.alloc(4_000_000 - jpeg.length)]);
}

pageTest("sends a preview, which others see at once, and which must match its photo", async () => {
  const ana = await server.window("ana");
  const dan = await server.window("dan");
  const path = server.sandbox.path("walk.jpg");
  await Bun.write(path, await sentJpeg());
  const seen = naturalSides(dan, "walk.jpg");
  await ana.attach(path);
  const begun = performance.now();
  await ana.button("Send").click();
  expect(await seen).toEqual([1_280, 960]);
  const ms = Math.round(performance.now() - begun);
  process.stdout.write(`a photo of 4 MB was visible ${ms} ms after Send\n`);
  await dan.button("Enlarge walk.jpg").click();
  const viewed = dan.dialog("walk.jpg").getByRole("img");
  await until("the original is shown", () =>
    viewed.evaluate((element, width) => Reflect.get(element, "naturalWidth") === width, SENT.width),
  );
  expect(await dan.page.getByText(/showed a different picture/).count()).toBe(0);
  await dan.page.keyboard.press("Escape");
  await dan.page.locator("dialog").waitFor({ state: "detached" });
});

pageTest("says if a preview does not match its photo", async () => {
  const platform = `{
    const { convertToBlob } = OffscreenCanvas.prototype;
    OffscreenCanvas.prototype.convertToBlob = function (options) {
      const context = this.getContext("2d");
      context.fillStyle = "black";
      context.fillRect(0, 0, this.width, this.height);
      return convertToBlob.call(this, options);
    };
  }`;
  await using eve = await server.logIn("eve", { initScript: platform });
  const path = server.sandbox.path("trick.jpg");
  await Bun.write(path, await sentJpeg());
  const dan = await server.window("dan");
  await eve.sendFiles(path);
  await naturalSides(dan, "trick.jpg");
  await dan.button("Enlarge trick.jpg").click();
  await dan.page.getByText("The preview of this photo showed a different picture.").waitFor();
  expect(await dan.accessibilityViolations()).toEqual([]);
});
