import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../../event.ts";
import {
  chordActions,
  clickActions,
  type Engine,
  SIZE,
  type StartOptions,
  typeActions,
  wheelActions,
} from "./engine.ts";

const PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.download.folderList": 2,
  "browser.download.useDownloadDir": true,
  "browser.download.alwaysOpenPanel": false,
};

const CALM_PREFERENCES = {
  "ui.prefersReducedMotion": 1,
  // Forces the colours of the system.
  "browser.display.document_color_use": 2,
};

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly level?: string; readonly text?: string };
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
}

/** Firefox, by WebDriver BiDi (www.w3.org/TR/webdriver-bidi). */
export class Firefox implements Engine {
  readonly name = "Firefox";
  readonly errors: string[] = [];
  readonly downloads: string;
  readonly #child: Bun.Subprocess;
  readonly #profile: string;
  readonly #pending = new Map<number, (reply: Reply) => void>();
  #socket: WebSocket | undefined;
  #context = "";
  #lastId = 0;

  private constructor(child: Bun.Subprocess, profile: string) {
    this.#child = child;
    this.#profile = profile;
    this.downloads = join(profile, "saved");
  }

  static async start({ isCalm = false, isPrivate = false }: StartOptions = {}): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), "chat-firefox-"));
    const saved = join(profile, "saved");
    mkdirSync(saved);
    const preferences = { ...PREFERENCES, "browser.download.dir": saved };
    if (isCalm) Object.assign(preferences, CALM_PREFERENCES);
    if (isPrivate) Object.assign(preferences, { "browser.privatebrowsing.autostart": true });
    const lines = Object.entries(preferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, "user.js"), lines.join(""));
    const args = ["--headless", "--no-remote", "--profile", profile];
    const child = Bun.spawn(["firefox-esr", ...args, "--remote-debugging-port", "0"], {
      env: { PATH: process.env["PATH"] ?? "", HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const firefox = new Firefox(child, profile);
    try {
      await firefox.#connect(await within("Firefox listens", addressIn(child.stderr)));
    } catch (error) {
      await firefox[Symbol.asyncDispose]();
      throw error;
    }
    return firefox;
  }

  async #connect(address: string): Promise<void> {
    const socket = new WebSocket(`${address}/session`);
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data))));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const alwaysMatch = {
      acceptInsecureCerts: true,
      unhandledPromptBehavior: { default: "accept" },
    };
    await this.#send("session.new", { capabilities: { alwaysMatch } });
    await this.#send("session.subscribe", { events: ["log.entryAdded"] });
    // The first tab never has the focus.
    const tab = await this.#send<{ context: string }>("browsingContext.create", { type: "tab" });
    this.#context = tab.context;
    await this.#inContext("browsingContext.activate", {});
    await this.resize(SIZE.width, SIZE.height);
  }

  #receive(reply: Reply): void {
    if (reply.id !== undefined) this.#pending.get(reply.id)?.(reply);
    else if (reply.method === "log.entryAdded" && reply.params?.level === "error")
      this.errors.push(reply.params.text ?? "");
  }

  async #send<Result>(method: string, params: object): Promise<Result> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#pending.set(id, resolve);
    this.#socket?.send(JSON.stringify({ id, method, params }));
    const { result, error, message } = await within(method, promise);
    this.#pending.delete(id);
    if (error !== undefined) throw new Error(`${error}: ${message}`);
    return result as Result;
  }

  #inContext<Result = unknown>(method: string, params: object): Promise<Result> {
    return this.#send<Result>(method, { context: this.#context, ...params });
  }

  async goto(url: string): Promise<void> {
    await this.#inContext("browsingContext.navigate", { url, wait: "complete" });
  }

  async reload(): Promise<void> {
    await this.#inContext("browsingContext.reload", { wait: "complete" });
  }

  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.#send<{
      result: { value: string };
      exceptionDetails?: { text: string };
    }>("script.evaluate", {
      expression: `(async () => JSON.stringify((await (${expression})) ?? null))()`,
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: true,
    });
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return JSON.parse(result.value);
  }

  async #perform(actions: readonly object[]): Promise<void> {
    await this.#inContext("input.performActions", { actions });
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

  async chooseFiles(selector: string, files: readonly string[]): Promise<void> {
    const { result } = await this.#send<{ result: { sharedId: string } }>("script.evaluate", {
      expression: `document.querySelector(${JSON.stringify(selector)})`,
      target: { context: this.#context },
      awaitPromise: false,
    });
    await this.#inContext("input.setFiles", { element: { sharedId: result.sharedId }, files });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#inContext("browsingContext.setViewport", { viewport: { width, height } });
  }

  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.#inContext<{ data: string }>(
      "browsingContext.captureScreenshot",
      {},
    );
    return Buffer.from(data, "base64");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.close();
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function addressIn(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // Reads on, because a full pipe would block Firefox.
  const read = async () => {
    let output = "";
    for await (const bytes of stderr) {
      output = (output + decoder.decode(bytes, { stream: true })).slice(-10_000);
      const address = /BiDi listening on (ws:\S+)/.exec(output)?.[1];
      if (address !== undefined) resolve(address);
    }
    reject(new Error(`Firefox ended: ${output}`));
  };
  void read().catch(reject);
  return await promise;
}
