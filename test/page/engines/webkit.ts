import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until, within } from "../../event.ts";
import { reservedPort } from "../../ports.ts";
import {
  chordActions,
  clickActions,
  type Engine,
  SIZE,
  type StartOptions,
  typeActions,
  wheelActions,
} from "./engine.ts";

const BROWSER_ARGS = [
  "--automation",
  "--enable-media-stream=true",
  "--enable-mock-capture-devices=true",
  "--media-playback-requires-user-gesture=false",
];

/** Records what the page throws or logs, because WebDriver does not report it. */
const RECORD_ERRORS = `(() => {
  if (globalThis.recordedErrors !== undefined) return;
  globalThis.recordedErrors = [];
  const add = (text) => globalThis.recordedErrors.push(String(text));
  // The browser delivers the other sizes with the next frame.
  const isLate = (text) => text.startsWith("ResizeObserver loop completed");
  addEventListener("error", (event) => isLate(event.message) || add(event.message));
  addEventListener("unhandledrejection", (event) => add(event.reason));
  const { error } = console;
  console.error = (...args) => { add(args.join(" ")); error(...args); };
})()`;

/** WebKitGTK's MiniBrowser, by WebDriver (www.w3.org/TR/webdriver2), on a screen of its own. */
export class WebKit implements Engine {
  readonly name = "WebKit";
  readonly errors: string[] = [];
  readonly downloads: string;
  readonly #profile: string;
  readonly #children: Bun.Subprocess[] = [];
  #address = "";

  private constructor(profile: string) {
    this.#profile = profile;
    this.downloads = join(profile, "saved");
  }

  static async start({ isCalm = false }: StartOptions = {}): Promise<WebKit> {
    const webkit = new WebKit(mkdtempSync(join(tmpdir(), "chat-webkit-")));
    try {
      await webkit.#start(isCalm);
    } catch (error) {
      await webkit[Symbol.asyncDispose]();
      throw error;
    }
    return webkit;
  }

  async #start(isCalm: boolean): Promise<void> {
    const home = this.#profile;
    mkdirSync(this.downloads);
    mkdirSync(join(home, "run"), { mode: 0o700 });
    writeFileSync(join(home, "user-dirs.dirs"), `XDG_DOWNLOAD_DIR="${this.downloads}"\n`);
    if (isCalm) {
      mkdirSync(join(home, "gtk-3.0"));
      const settings = "[Settings]\ngtk-enable-animations=0\ngtk-theme-name=HighContrast\n";
      writeFileSync(join(home, "gtk-3.0/settings.ini"), settings);
    }
    const args = ["-displayfd", "1", "-screen", "0", "1440x1100x24", "-nolisten", "tcp"];
    const screen = Bun.spawn(["Xvfb", ...args], { stdio: ["ignore", "pipe", "ignore"] });
    this.#children.push(screen);
    const number = await within("Xvfb shows a screen", firstLine(screen.stdout));
    const port = await reservedPort();
    const driver = Bun.spawn(["WebKitWebDriver", `--port=${port}`], {
      env: {
        PATH: process.env["PATH"] ?? "",
        DISPLAY: `:${number}`,
        HOME: home,
        TMPDIR: home,
        XDG_RUNTIME_DIR: join(home, "run"),
        XDG_CONFIG_HOME: home,
        XDG_CACHE_HOME: home,
        XDG_DATA_HOME: home,
        LC_ALL: "C.UTF-8",
        TZ: "UTC",
        // Containers do not allow its sandbox.
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
      },
      stdio: ["ignore", "ignore", "ignore"],
    });
    this.#children.push(driver);
    this.#address = `http://127.0.0.1:${port}`;
    await until("WebKitWebDriver listens", () =>
      fetch(`${this.#address}/status`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const alwaysMatch = {
      acceptInsecureCerts: true,
      unhandledPromptBehavior: "accept",
      "webkitgtk:browserOptions": { args: BROWSER_ARGS },
    };
    const { sessionId } = await this.#send<{ sessionId: string }>("POST", "/session", {
      capabilities: { alwaysMatch },
    });
    this.#address += `/session/${sessionId}`;
    await this.#send("POST", "/timeouts", { script: 120_000 });
    await this.resize(SIZE.width, SIZE.height);
  }

  async #send<Result = unknown>(method: string, path: string, body?: object): Promise<Result> {
    const response = await fetch(this.#address + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { value } = (await response.json()) as { value: Result & { error?: string } };
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(value)}`);
    return value;
  }

  async goto(url: string): Promise<void> {
    await this.#send("POST", "/url", { url });
    await this.evaluate(RECORD_ERRORS);
  }

  async reload(): Promise<void> {
    await this.#send("POST", "/refresh", {});
    await this.evaluate(RECORD_ERRORS);
  }

  async evaluate<Value>(expression: string): Promise<Value> {
    const script = `const done = arguments[0];
      (async () => (await (${expression})) ?? null)().then(
        (value) => done(JSON.stringify({ value, errors: globalThis.recordedErrors?.splice(0) })),
        (error) => done(JSON.stringify({ thrown: String(error) })));`;
    const reply = await this.#send<string>("POST", "/execute/async", { script, args: [] });
    const { value, errors = [], thrown } = JSON.parse(reply);
    if (thrown !== undefined) throw new Error(thrown);
    this.errors.push(...errors);
    return value;
  }

  async #perform(actions: readonly object[]): Promise<void> {
    await this.#send("POST", "/actions", { actions });
  }

  click(x: number, y: number): Promise<void> {
    return this.#perform(clickActions(x, y));
  }

  wheel(x: number, y: number, deltaY: number): Promise<void> {
    return this.#perform(wheelActions(x, y, deltaY));
  }

  press(...keys: readonly string[]): Promise<void> {
    return this.#perform(chordActions(keys));
  }

  type(text: string): Promise<void> {
    return this.#perform(typeActions(text));
  }

  async chooseFiles(selector: string, paths: readonly string[]): Promise<void> {
    const query = { using: "css selector", value: selector };
    const element = await this.#send<Record<string, string>>("POST", "/element", query);
    const [id] = Object.values(element);
    await this.#send("POST", `/element/${id}/value`, { text: paths.join("\n") });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#send("POST", "/window/rect", { width, height });
  }

  async screenshot(): Promise<Uint8Array> {
    return Buffer.from(await this.#send<string>("GET", "/screenshot"), "base64");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The browser may have ended.
    if (this.#address.includes("/session/")) await this.#send("DELETE", "").catch(() => undefined);
    for (const child of this.#children.toReversed()) {
      child.kill("SIGKILL");
      await child.exited;
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    if (text.includes("\n")) return text.trim();
  }
  throw new Error("Xvfb ended");
}
