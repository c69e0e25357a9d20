import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumPath } from "../../installed.ts";
import { type Engine, SIZE, type StartOptions } from "./engine.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
];

export class Chromium implements Engine {
  readonly name = "Chromium";
  readonly errors: string[] = [];
  readonly downloads: string;
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #profile: string;

  private constructor(context: BrowserContext, page: Page, profile: string) {
    this.#context = context;
    this.#page = page;
    this.#profile = profile;
    this.downloads = join(profile, "saved");
    page.on("pageerror", ({ message }) => this.errors.push(message));
    page.on("console", (message) => {
      // Failed requests are logged too: it accepts no service worker with this certificate.
      const isRequest = /SSL certificate|Failed to load|fetching the script/.test(message.text());
      if (message.type() === "error" && !isRequest) this.errors.push(message.text());
    });
    page.on("download", (download) => {
      // A download that a reload ends has no file, which the step that waits for it reports.
      const path = join(this.downloads, download.suggestedFilename());
      void download.saveAs(path).catch(() => undefined);
    });
  }

  static async start({ isCalm = false }: StartOptions = {}): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), "chat-chromium-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath,
      args: FLAGS,
      headless: true,
      ignoreHTTPSErrors: true,
      viewport: SIZE,
      ...(isCalm ? { reducedMotion: "reduce", forcedColors: "active" } : {}),
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: profile,
        TMPDIR: profile,
        // Names of downloads are written in its encoding.
        LC_ALL: "C.UTF-8",
      },
    });
    const page = context.pages()[0] ?? (await context.newPage());
    return new Chromium(context, page, profile);
  }

  async goto(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async reload(): Promise<void> {
    await this.#page.reload();
  }

  evaluate<Value>(expression: string): Promise<Value> {
    return this.#page.evaluate<Value>(expression);
  }

  click(x: number, y: number): Promise<void> {
    return this.#page.mouse.click(x, y);
  }

  async wheel(x: number, y: number, deltaY: number): Promise<void> {
    await this.#page.mouse.move(x, y);
    await this.#page.mouse.wheel(0, deltaY);
  }

  press(...keys: readonly string[]): Promise<void> {
    return this.#page.keyboard.press(keys.join("+"));
  }

  type(text: string): Promise<void> {
    return this.#page.keyboard.type(text);
  }

  chooseFiles(selector: string, paths: readonly string[]): Promise<void> {
    return this.#page
      .locator(selector)
      .first()
      .setInputFiles([...paths]);
  }

  resize(width: number, height: number): Promise<void> {
    return this.#page.setViewportSize({ width, height });
  }

  screenshot(): Promise<Uint8Array> {
    return this.#page.screenshot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }
}
