import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadTexts } from "../../src/web/browser/texts.ts";
import { Sandbox } from "../../test/e2e/program.ts";
import { Browser } from "../../test/page/browser.ts";
import { pageAddress } from "../../test/page/fixtures.ts";
import { openDashboard, PASSWORD, playLesson, STATES } from "../../test/page/picture-states.ts";
import type { Visit } from "../../test/page/visit.ts";

/**
 * Part of `npm run picture`: takes pictures of twelve states of the page, at three widths, in light
 * and English and in dark and Indonesian, and draws one contact sheet for each width and look in
 * docs/pictures/. Needs Chromium. STATES_FOLDER receives the single pictures. Arguments are names
 * of states, of which no sheet is drawn.
 */

const SHEETS = join(import.meta.dir, "../../docs/pictures");
const FOLDER = process.env["STATES_FOLDER"];
/** Keeps the repository small: six sheets replace 72 pictures. */
const SHEET_BYTES_MAX = 200_000;
const SHEET_GAP_PX = 12;
const WIDTHS = [
  { width: 360, height: 740, isPhone: true, columns: 6, sheetWidth: 300 },
  { width: 820, height: 1180, isPhone: true, columns: 4, sheetWidth: 450 },
  { width: 1280, height: 800, columns: 3, sheetWidth: 600 },
] as const;
const LOOKS = [
  { look: "light", isDark: false, language: "en-GB" },
  { look: "dark", isDark: true, language: "id-ID" },
] as const;
/** Takes the states of one width and look. */
class Sheet {
  readonly #name: string;
  readonly #pictures: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  async take({ page }: Visit, state: string): Promise<void> {
    await page.evaluate("document.fonts.ready");
    const session = await page.context().newCDPSession(page);
    const options = { format: "webp", quality: 80 } as const;
    const { data } = await session.send("Page.captureScreenshot", options);
    this.#pictures.push(data);
    if (FOLDER !== undefined) write(FOLDER, `${state}-${this.#name}`, data);
  }

  async draw({ page }: Visit, columns: number, width: number): Promise<void> {
    await page.goto("about:blank");
    const drawn = await page.evaluate<string>(`(async () => {
      const images = await Promise.all(${JSON.stringify(this.#pictures)}.map((data) =>
        createImageBitmap(new Blob([Uint8Array.fromBase64(data)]))));
      const height = Math.round((images[0].height * ${width}) / images[0].width);
      const [stepX, stepY] = [${width + SHEET_GAP_PX}, height + ${SHEET_GAP_PX}];
      const rows = Math.ceil(images.length / ${columns});
      const canvas = new OffscreenCanvas(${columns} * stepX, rows * stepY);
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.fillStyle = "gray";
      context.fillRect(0, 0, canvas.width, canvas.height);
      images.forEach((image, i) => context.drawImage(
        image, (i % ${columns}) * stepX, Math.floor(i / ${columns}) * stepY, ${width}, height));
      for (let quality = 0.8; ; quality -= 0.1) {
        const blob = await canvas.convertToBlob({ type: "image/webp", quality });
        if (blob.size > ${SHEET_BYTES_MAX} && quality > 0.2) continue;
        return new Uint8Array(await blob.arrayBuffer()).toBase64();
      }
    })()`);
    write(SHEETS, `page-${this.#name}`, drawn);
  }
}

function write(folder: string, name: string, base64: string): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.webp`);
  writeFileSync(path, Buffer.from(base64, "base64"));
  process.stderr.write(`drew ${path}\n`);
}

const wanted = process.argv.slice(2);
const isWanted = (state: string) => wanted.length === 0 || wanted.includes(state);
const browser = new Browser([]);
await browser.start();
try {
  await using sandbox = new Sandbox();
  const served = await sandbox.serve({ args: ["--name", "Room 12", "--posts-per-second", "1000"] });
  const users = await playLesson(sandbox, served);
  for (const { look, language, isDark } of LOOKS) {
    const texts = await loadTexts(look === "light" ? "en" : "id");
    for (const { columns, sheetWidth, ...size } of WIDTHS) {
      const sheet = new Sheet(`${size.width}-${look}`);
      const options = { ...size, language, isDark };
      await using mia = await browser.visit(pageAddress(served), options);
      await mia.page.locator("#enter-name").fill("mia");
      if (isWanted("enter")) await sheet.take(mia, "enter");
      await mia.logIn("mia", { password: PASSWORD });
      await mia.send("/join math");
      await mia.heading("#math").waitFor();
      for (const [state, act] of Object.entries(STATES)) {
        if (!isWanted(state)) continue;
        await mia.page.locator("article img").nth(2).waitFor();
        await act(mia, texts);
        await sheet.take(mia, state);
        await mia.page.goto(`${new URL(pageAddress(served)).origin}/#/math`);
        await mia.page.reload();
        await mia.heading("#math").waitFor();
      }
      if (isWanted("server")) {
        await using olga = await browser.visit(pageAddress(served), options);
        await olga.logIn("olga", { password: PASSWORD });
        await openDashboard(olga, texts);
        await olga.page.locator("figure").first().waitFor();
        await sheet.take(olga, "server");
      }
      if (wanted.length === 0) await sheet.draw(mia, columns, sheetWidth);
    }
  }
  for (const { tab } of users) tab.close();
} finally {
  await browser.stop();
}
