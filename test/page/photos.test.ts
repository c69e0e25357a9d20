import { expect } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { pictureHeader } from "../../src/core/client/picture-header.ts";
import { jpegOf, webpOf } from "../cli/screen/pictures/test-png.ts";
import { orientation, phoneExif, withExif, withSegment } from "../core/client/exif.ts";
import { personalDataIn } from "../core/client/personal-data-in.ts";
import { personalSamples } from "../core/client/personal-samples.ts";
import { until } from "../event.ts";
import { IS_SOAK } from "../samples.ts";
import { pageTest } from "./browser.ts";
import { BLACK_PREVIEWS, heicPhoto, photo, sentJpeg, tone } from "./fixtures.ts";
import { PageServer } from "./page-server.ts";
import { scrollIntoView } from "./scroll-into-view.ts";
import type { Visit } from "./visit.ts";

const server = new PageServer();

/** More pixels than the page decodes in full. The soak has those of the largest sensors. */
const HUGE = IS_SOAK ? { width: 9_000, height: 6_000 } : { width: 7_200, height: 4_800 };
const VAST = IS_SOAK ? { width: 12_000, height: 9_000 } : { width: 8_000, height: 6_000 };

/** JPEG of about 3 MB, padded with comments, because an even picture is smaller than a photo. */
async function largeJpeg(width: number, height: number): Promise<Buffer> {
  const picture = new Bun.Image(photo(400, 300)).resize(width, height);
  const jpeg = Buffer.from(await picture.jpeg({ quality: 80 }).bytes());
  const comment = Buffer.alloc(60_002, "x");
  comment.set([0xff, 0xfe, 234, 96]);
  return Buffer.concat([jpeg.subarray(0, 2), ...Array(45).fill(comment), jpeg.subarray(2)]);
}

function bombPng(): Buffer {
  const bomb = photo(8, 6);
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  return bomb;
}

/** Text that must not run, longer than a name. */
const HOSTILE = Buffer.from(`<x:GPSLatitude>"><script>alert(1)</script>${"\u202e".repeat(9_000)}`);

type Contents = Readonly<Record<string, Uint8Array | string>>;

async function post(files: Contents, user = "ben"): Promise<void> {
  const paths = Object.keys(files).map((name) => server.sandbox.path(name));
  const contents = Object.values(files);
  await Promise.all(paths.map((path, i) => Bun.write(path, contents[i] ?? "")));
  for (const path of paths) await server.home(user).json(["send-file", path]);
}

async function deleteFile(visit: Visit, name: string): Promise<void> {
  const message = visit.page.locator("article", { has: visit.file(name) });
  await visit.openMenuOf(message.locator(".tools-more"), () => message.focus());
  await visit.menuItem("Delete").click();
  await visit
    .dialog(/Delete/)
    .getByRole("button", { name: "Delete" })
    .click();
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
  await post({ "large.jpg": large, "huge.jpg": await largeJpeg(HUGE.width, HUGE.height) });
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

const STORED = `new Promise((done) => {
  const opening = indexedDB.open("chat later");
  opening.onsuccess = () => {
    const previews = IDBKeyRange.bound("previews/", "previews/\uffff");
    const counting = opening.result.transaction("rows").objectStore("rows").count(previews);
    counting.onsuccess = () => {
      opening.result.close();
      done(counting.result);
    };
  };
})`;

pageTest("shows its own previews again after a reload, until the user signs out", async () => {
  await using hal = await server.logIn("hal");
  await post({ "stored.jpg": await largeJpeg(3_000, 2_000) });
  expect(await naturalSides(hal, "stored.jpg")).toEqual([1_280, 853]);
  const stored = () => hal.page.evaluate<number>(STORED);
  await until("it is stored", async () => (await stored()) > 0);
  const [listed] = (await server.home("ben").json(["files"])).filter(({ name }) => {
    return name === "stored.jpg";
  });
  rmSync(join(server.served.data, "files", String(listed?.["id"])), { recursive: true });
  await hal.reload();
  expect(await naturalSides(hal, "stored.jpg")).toEqual([1_280, 853]);
  await hal.logOut();
  await until("it is gone", async () => (await stored()) === 0);
});

pageTest("says why a picture isn't displayed, and stays responsive", async () => {
  const whole = await largeJpeg(3_000, 2_000);
  const corrupt = Buffer.from(whole);
  for (let at = 2_800_000; at < corrupt.length - 2; at += 37) corrupt[at] = 0xff;
  const broken = {
    "cut.jpg": whole.subarray(0, whole.length / 2),
    "bomb.png": bombPng(),
    "corrupt.jpg": corrupt,
  };
  await post(broken);
  const ana = await server.window("ana");
  for (const name of Object.keys(broken)) {
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
    "IMG_2.jxl": "File JXL",
    "data.xyz": "File XYZ",
  };
  const modern = { "IMG_1.HEIC": heicPhoto(), "IMG_2.jxl": Buffer.from("ff0a7f1f", "hex") };
  await post({
    ...cards,
    ...modern,
    "bell.wav": tone(4),
    "clip.webm": film,
    "broken.mov": "no film",
  });
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

/** Scrolls by less than a window, and waits until the rows there are drawn. */
const SCROLL_UP = `new Promise((drawn) => {
  const list = document.querySelector(".timeline .list");
  list.dispatchEvent(new WheelEvent("wheel", { bubbles: true })); // Stops following.
  list.scrollTop -= 300;
  requestAnimationFrame(() => requestAnimationFrame(drawn));
})`;

pageTest(
  "plays a recording on while its message is out of the list and in other rooms",
  async () => {
    await using lea = await server.logIn("lea");
    const max = await server.headlessUser("max");
    const open = async (room: string) => {
      await lea.page.evaluate(`location.hash = "#/${room}"`);
      await lea.heading(`#${room}`).waitFor();
    };
    await lea.createRoom("choir");
    await open("lobby");
    const song = server.sandbox.path("song.wav");
    writeFileSync(song, tone(300));
    await lea.sendFiles(song);
    await lea.button("Play song.wav").click();
    const audio = lea.page.locator("audio");
    const get = (name: string) => audio.evaluate((element, key) => Reflect.get(element, key), name);
    const plays = async (place: Locator) => {
      await place.locator("audio").waitFor();
      await until("it plays on", async () => Number(await get("currentTime")) > 100);
      expect(await get("paused")).toBe(false);
    };
    await until("it plays", async () => Number(await get("currentTime")) > 0);
    await audio.evaluate((element) => Reflect.set(element, "currentTime", 100));
    const message = lea.file("song.wav");
    await plays(message);
    await max.postMany(120, (n) => `verse ${n}.`);
    await lea.waitForMessage("verse 119.");
    await lea.send("what a song");
    const bar = lea.page.getByRole("region", { name: "Now playing" });
    await plays(bar);
    expect(await lea.accessibilityViolations()).toEqual([]);
    await open("choir");
    await plays(bar);
    const scrollUp = async () => {
      await until("the message is drawn", async () => {
        await lea.page.evaluate(SCROLL_UP);
        return (await message.count()) > 0;
      });
      await scrollIntoView(message);
    };
    await open("lobby");
    await scrollUp();
    await plays(message);
    expect(await bar.count()).toBe(0);
    await open("choir");
    await lea.button("Stop playing").click();
    await bar.waitFor({ state: "detached" });
    expect(await audio.count()).toBe(0);
    await open("lobby");
    await scrollUp();
    await until("it kept its place", async () => Number(await get("currentTime")) >= 100);
    expect(await get("paused")).toBe(true);
    await audio.evaluate((element) => Reflect.apply(Reflect.get(element, "play"), element, []));
    await plays(message);
    await deleteFile(lea, "song.wav");
    await message.waitFor({ state: "detached" });
    await bar.waitFor({ state: "hidden" });
    expect(await audio.count()).toBe(0);
  },
);

const SENT = { width: 2_000, height: 1_500 };

const PHONE = { width: 360, height: 740, isPhone: true };

/** Returns the content of files as the server has them. */
async function received(...names: readonly string[]): Promise<Buffer[]> {
  const tim = server.home("tim");
  await tim.run(["register"]);
  const inbox = server.sandbox.path("inbox");
  const listed = await tim.json(["files"]);
  const ids = names.map((name) => String(listed.find((file) => file["name"] === name)?.["id"]));
  await tim.json(["get-file", ...ids, "--out", inbox]);
  return Promise.all(names.map((name) => Bun.file(join(inbox, name)).bytes().then(Buffer.from)));
}

function write(files: Contents): Promise<string[]> {
  return Promise.all(
    Object.entries(files).map(async ([name, content]) => {
      await Bun.write(server.sandbox.path(name), content);
      return server.sandbox.path(name);
    }),
  );
}

/** Labels of the pictures whose middle something else covers. */
const COVERED_PICTURES = `[...document.querySelectorAll("button.picture")].filter((picture) => {
  picture.scrollIntoView({ block: "center" });
  const { left, top, width, height } = picture.getBoundingClientRect();
  return !picture.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}).map((picture) => picture.ariaLabel)`;

pageTest("sends smaller photos without position from a phone", async () => {
  await using fay = await server.logIn("fay", PHONE);
  const whole = await sentJpeg({ width: 4_000, height: 3_000 });
  const located = withSegment(
    withExif(whole, phoneExif()),
    "http://ns.adobe.com/xap/1.0/\0",
    HOSTILE,
  );
  const files = {
    "coast.jpg": located,
    "vast.jpg": await sentJpeg(VAST),
    "sign.png": photo(2_400, 600),
    "IMG_2.HEIC": "ftypheic",
    "broken.jpg": whole.subarray(0, 200_000),
    "bomb2.png": bombPng(),
  };
  await fay.attach(...(await write(files)));
  const choice = fay.page.getByRole("group", { name: "Size of photos" });
  const smaller = choice.getByRole("radio", { name: /^Smaller/ });
  await smaller.waitFor();
  expect(await smaller.isChecked()).toBe(true);
  await fay.page.getByText("Sent without the location where it was taken.").waitFor();
  for (const name of ["coast.jpg", "vast.jpg", "sign.png"])
    await fay.attachments.getByRole("img", { name: `Image ${name}` }).waitFor();
  await until(
    "the sizes are there",
    async () => !((await choice.textContent()) ?? "…").includes("…"),
  );
  expect(await fay.overflow()).toBe(0);
  expect(await fay.accessibilityViolations()).toEqual([]);
  await choice.getByText("Original").tap();
  await fay.page.getByText("A photo contains the location where it was taken.").waitFor();
  expect(await fay.accessibilityViolations()).toEqual([]);
  await choice.getByText("Smaller").tap();
  await fay.button("Send").tap();
  for (const name of ["coast.jpg", "vast.jpg", "sign.webp", ...Object.keys(files).slice(3)])
    await fay.file(name).waitFor();
  const names = ["coast.jpg", "vast.jpg", "sign.webp"];
  const [coast, vast, sign] = (await received(...names)) as [Buffer, Buffer, Buffer];
  expect([coast, vast, sign].map((bytes) => pictureHeader(bytes))).toEqual([
    { type: "jpeg", width: 1_536, height: 2_048 },
    { type: "jpeg", width: 2_048, height: 1_536 },
    { type: "webp", width: 2_400, height: 600 },
  ]);
  const { location } = await personalDataIn(coast);
  expect([location, coast.includes("Exif"), coast.includes("alert")]).toEqual([
    "has not",
    false,
    false,
  ]);
  const asTheyAre = Object.entries(files).slice(3);
  const same = await received(...asTheyAre.map(([name]) => name));
  for (const [i, [, content]] of asTheyAre.entries())
    expect(same[i]?.equals(Buffer.from(content))).toBe(true);

  // The menu of a small picture leaves its middle to the finger that opens it.
  await fay.sendFiles(...(await write({ "dot.png": photo(64, 48) })));
  await fay.file("dot.webp").getByRole("img", { name: "Image dot.webp" }).waitFor();
  expect(await fay.page.evaluate<string[]>(COVERED_PICTURES)).toEqual([]);
});

pageTest("sends originals unless the user chooses smaller photos", async () => {
  // Opens at the latest message, wherever other tests have scrolled.
  const gus = await server.window("gus");
  const located = withExif(await sentJpeg({ width: 3_000, height: 2_000 }), phoneExif());
  const [street, canal] = await write({ "street.jpg": located, "canal.jpg": located });
  const moving = Buffer.from(await webpOf(300, 200, true));
  const canvas = Buffer.from("VP8X\x0a\0\0\0\x02\0\0\0\x2b\x01\0\xc7\0\0", "latin1");
  const animated = Buffer.concat([moving.subarray(0, 12), canvas, moving.subarray(12)]);
  await gus.attach(...(await write({ "moving.webp": animated })));
  await gus.attachments.getByRole("img", { name: "Image moving.webp" }).waitFor();
  expect(await gus.page.getByRole("radio").count()).toBe(0);
  await gus.attach(String(street));
  const original = gus.page.getByRole("radio", { name: /^Original/ });
  await original.waitFor();
  expect(await original.isChecked()).toBe(true);
  await gus.page.getByText("A photo contains the location where it was taken.").waitFor();
  await gus.button("Send").click();
  await gus.file("street.jpg").waitFor();
  expect((await received("street.jpg"))[0]?.equals(located)).toBe(true);
  // Sends before the copy is ready. The choice holds for this message alone.
  await gus.attach(String(canal));
  await gus.page.getByText("Smaller").click();
  await gus.button("Send").click();
  await gus.file("canal.jpg").waitFor();
  const [small = Buffer.alloc(0)] = await received("canal.jpg");
  expect(pictureHeader(small)).toEqual({ type: "jpeg", width: 1_365, height: 2_048 });
  await gus.attach(String(canal));
  await original.waitFor();
  expect(await original.isChecked()).toBe(true);
  await gus.button("Remove canal.jpg").click();
});

/** Whether the cross of the only attachment is what lies in its corner. */
const IS_CROSS_FREE = `(() => {
  const cross = document.querySelector(".attachment > .icon-button");
  const { right, top } = document.querySelector(".attachment").getBoundingClientRect();
  return cross.contains(document.elementFromPoint(right - 14, top + 14));
})()`;

pageTest("removes the location of a photo and a film, whose picture stays as it is", async () => {
  const gus = await server.window("gus");
  const jpeg = await sentJpeg({ width: 1_200, height: 800 });
  const park = withExif(jpeg, phoneExif());
  const film = (await personalSamples()).find(({ name }) => name === "android.mp4")?.bytes;
  await gus.attach(...(await write({ "park.jpg": park })));
  await gus.attachments.getByRole("img", { name: "Image park.jpg" }).waitFor();
  expect(await gus.page.evaluate<boolean>(IS_CROSS_FREE)).toBe(true);
  await gus.attach(...(await write({ "ride.mp4": film ?? "", "plain.jpg": jpeg })));
  await gus.page.getByText("2 files contain the location where they were made.").waitFor();
  expect(await gus.accessibilityViolations()).toEqual([]);
  await gus.button("Remove location").click();
  await gus.page.getByText("contain the location").waitFor({ state: "detached" });
  expect(await gus.attachments.locator(".attachment-name").allTextContents()).toEqual([
    ...["park.jpg", "ride.mp4", "plain.jpg"],
  ]);
  await gus.button("Send").click();
  for (const name of ["park.jpg", "ride.mp4"]) await gus.file(name).waitFor();
  const [photoSent = jpeg, filmSent = jpeg] = await received("park.jpg", "ride.mp4");
  const none = { location: "has not", name: "has not" } as const;
  expect(await personalDataIn(photoSent)).toEqual(none);
  expect(await personalDataIn(filmSent)).toEqual(none);
  expect(filmSent.length).toBe(film?.length ?? 0);
  // The phone's photo lies on its side.
  const pixels = (bytes: Uint8Array) => new Bun.Image(bytes).png().bytes();
  expect(pictureHeader(photoSent)).toEqual({ type: "jpeg", width: 800, height: 1_200 });
  expect(Buffer.from(await pixels(photoSent)).equals(Buffer.from(await pixels(park)))).toBe(true);
});

pageTest("names the author of a document, and a photo that others cannot see", async () => {
  const gus = await server.window("gus");
  const samples = await personalSamples();
  const bytesOf = (name: string) => samples.find((sample) => sample.name === name)?.bytes ?? "";
  await gus.attach(
    ...(await write({ "essay.docx": bytesOf("word.docx"), "IMG_9.heic": heicPhoto() })),
  );
  const note = gus.page.getByText("A file contains the name of a person, such as its author.");
  await note.waitFor();
  expect(await note.textContent()).toEndWith("It can't be removed from essay.docx here.");
  await gus.page.getByText(/Send a JPEG so that everyone can see it/).waitFor();
  expect(await gus.button("Remove names").count()).toBe(0);
  for (const name of ["essay.docx", "IMG_9.heic"]) await gus.button(`Remove ${name}`).click();
});

pageTest("shows a text in its encoding, which the reader can change", async () => {
  await post({ "gruss.txt": Buffer.from("Gr\xfc\xdfe aus K\xf6ln", "latin1") });
  // A new account opens the room at its end.
  const ana = await server.window("nia");
  await ana.button("Open gruss.txt").click();
  await ana
    .dialog(/Open gruss/)
    .getByRole("button", { name: "Open" })
    .click();
  const viewer = ana.dialog("gruss.txt");
  await viewer.getByText("Grüße aus Köln").waitFor();
  const choice = viewer.getByLabel("Encoding");
  expect(await choice.inputValue()).toBe("windows-1252");
  expect(await ana.accessibilityViolations()).toEqual([]);
  await choice.selectOption("windows-1251");
  await viewer.getByText("GrьЯe aus Kцln").waitFor();
  await ana.page.keyboard.press("Escape");
});

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
  await deleteFile(ana, "walk.jpg");
  await dan.page.getByText("This file was deleted.").waitFor();
  await dan.page.locator("dialog").waitFor({ state: "detached" });
});

pageTest("says if a preview does not match its photo", async () => {
  await using eve = await server.logIn("eve", { initScript: BLACK_PREVIEWS });
  const path = server.sandbox.path("trick.jpg");
  await Bun.write(path, await sentJpeg());
  const dan = await server.window("dan");
  await eve.sendFiles(path);
  await naturalSides(dan, "trick.jpg");
  await dan.button("Enlarge trick.jpg").click();
  await dan.page.getByText("The preview of this photo showed a different picture.").waitFor();
  expect(await dan.accessibilityViolations()).toEqual([]);
});
