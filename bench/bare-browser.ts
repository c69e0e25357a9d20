import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Chromium without Playwright, which has every WebSocket frame told to it, whole and in base64:
 * that costs several times what sending a file does, and would be measured instead of the page.
 */

const CHROMIUM = process.env["CHAT_CHROMIUM"] ?? "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--ignore-certificate-errors",
  "--lang=en-GB",
  "--window-size=1280,800",
  "--remote-debugging-port=0",
];
const WITHIN_MS = 120_000;

interface Told {
  readonly id?: number;
  /** Of an event, which nobody has asked for. */
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export interface TraceEvent {
  readonly name: string;
  /** `X`: it has a length. */
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** In microseconds. */
  readonly ts: number;
  readonly dur?: number;
  /** Of the thread's own time. */
  readonly tdur?: number;
}

/** One Chromium, led over its debugging protocol. */
export class BareBrowser {
  readonly #child: Bun.Subprocess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, (told: Told) => void>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #asked = 0;

  private constructor(child: Bun.Subprocess, socket: WebSocket, profile: string) {
    this.#child = child;
    this.#socket = socket;
    this.#profile = profile;
    socket.onmessage = ({ data }) => {
      const told = JSON.parse(String(data)) as Told;
      if (told.id === undefined) return this.#listeners.get(told.method ?? "")?.(told.params);
      this.#waiting.get(told.id)?.(told);
      this.#waiting.delete(told.id);
    };
  }

  static async start(): Promise<BareBrowser> {
    const profile = mkdtempSync(join(tmpdir(), "chat-bench-"));
    const command = [CHROMIUM, ...FLAGS, `--user-data-dir=${profile}`, "about:blank"];
    const env = { PATH: process.env["PATH"] ?? "", HOME: profile, TMPDIR: profile };
    const child = Bun.spawn(command, { env, stdio: ["ignore", "ignore", "pipe"] });
    const socket = new WebSocket(await addressIn(child.stderr));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("Chromium does not let itself be led"));
    });
    return new BareBrowser(child, socket, profile);
  }

  /** @throws Error as Chromium says */
  ask<Result>(method: string, params: object, sessionId?: string): Promise<Result> {
    const id = ++this.#asked;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Result);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  /** All that its processes traced of these categories while something was done. */
  async trace(categories: readonly string[], work: () => Promise<unknown>): Promise<TraceEvent[]> {
    const events: TraceEvent[] = [];
    this.#listeners.set("Tracing.dataCollected", (params) => {
      events.push(...(params as { readonly value: readonly TraceEvent[] }).value);
    });
    const complete = new Promise((resolve) => {
      this.#listeners.set("Tracing.tracingComplete", resolve);
    });
    await this.ask("Tracing.start", { traceConfig: { includedCategories: categories } });
    await work();
    await this.ask("Tracing.end", {});
    await complete;
    return events;
  }

  /** A window of somebody who was never there. @param before runs before the page does */
  async visit(url: string, before = ""): Promise<BareWindow> {
    const { browserContextId } = await this.ask<{ browserContextId: string }>(
      "Target.createBrowserContext",
      {},
    );
    const { targetId } = await this.ask<{ targetId: string }>("Target.createTarget", {
      url: "about:blank",
      browserContextId,
    });
    const { sessionId } = await this.ask<{ sessionId: string }>("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    const window = new BareWindow(this, sessionId, browserContextId);
    await window.ask("Page.enable", {});
    await window.ask("Page.addScriptToEvaluateOnNewDocument", { source: before });
    await window.ask("Page.navigate", { url });
    return window;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Chromium says on its standard error where it listens. */
async function addressIn(errors: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of errors) {
    text += decoder.decode(bytes);
    const [, address] = /DevTools listening on (ws:\S+)/.exec(text) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`Chromium did not start: ${text}`);
}

/** One window of it, whose cookies and caches are its own. */
export class BareWindow {
  readonly #browser: BareBrowser;
  readonly #session: string;
  readonly #context: string;

  constructor(browser: BareBrowser, session: string, context: string) {
    this.#browser = browser;
    this.#session = session;
    this.#context = context;
  }

  ask<Result>(method: string, params: object): Promise<Result> {
    return this.#browser.ask<Result>(method, params, this.#session);
  }

  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.ask<{
      readonly result: { readonly value: Value; readonly description?: string };
      readonly exceptionDetails?: unknown;
    }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`${result.description}, in ${expression.slice(0, 200)}`);
  }

  /** Waits until there is such an element. */
  async sees(selector: string): Promise<void> {
    await this.evaluate(`new Promise((resolve, reject) => {
      const look = () => document.querySelector(${JSON.stringify(selector)}) !== null;
      if (look()) return resolve();
      const observer = new MutationObserver(() => {
        if (!look()) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(document, { childList: true, subtree: true, attributes: true });
      setTimeout(() => reject(new Error("it does not come")), ${WITHIN_MS});
    })`);
  }

  async enter(name: string): Promise<void> {
    await this.sees("#enter-name");
    await this.evaluate("document.querySelector('#enter-name').focus()");
    await this.ask("Input.insertText", { text: name });
    await this.evaluate("document.querySelector('#enter-name').form.requestSubmit()");
    await this.sees(".composer textarea");
  }

  async attach(path: string): Promise<void> {
    const { result } = await this.ask<{ readonly result: { readonly objectId: string } }>(
      "Runtime.evaluate",
      { expression: "document.querySelector('.composer input[type=file]')" },
    );
    await this.ask("DOM.setFileInputFiles", { files: [path], objectId: result.objectId });
  }

  async reload(): Promise<void> {
    const loaded = "performance.timeOrigin";
    const before = await this.evaluate<number>(loaded);
    await this.ask("Page.reload", {});
    // Until the new one is there the old one may answer.
    while ((await this.evaluate<number>(loaded).catch(() => before)) === before);
  }

  async close(): Promise<void> {
    await this.#browser.ask("Target.disposeBrowserContext", { browserContextId: this.#context });
  }
}
