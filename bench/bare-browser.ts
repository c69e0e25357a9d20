import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Controls Chromium without Playwright, whose copies of all WebSocket frames cost too much. */

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
const ELEMENT_TIMEOUT_MS = 120_000;

interface ProtocolMessage {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
}

export class BareBrowser {
  readonly #child: Bun.Subprocess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #pending = new Map<number, (message: ProtocolMessage) => void>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #lastId = 0;

  private constructor(child: Bun.Subprocess, socket: WebSocket, profile: string) {
    this.#child = child;
    this.#socket = socket;
    this.#profile = profile;
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data)) as ProtocolMessage;
      if (message.id === undefined)
        return this.#listeners.get(message.method ?? "")?.(message.params);
      this.#pending.get(message.id)?.(message);
      this.#pending.delete(message.id);
    };
  }

  static async start(): Promise<BareBrowser> {
    const profile = mkdtempSync(join(tmpdir(), "chat-bench-"));
    const command = [CHROMIUM, ...FLAGS, `--user-data-dir=${profile}`, "about:blank"];
    const env = { PATH: process.env["PATH"] ?? "", HOME: profile, TMPDIR: profile };
    const child = Bun.spawn(command, { env, stdio: ["ignore", "ignore", "pipe"] });
    const socket = new WebSocket(await readDebuggerUrl(child.stderr));
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("cannot connect to Chromium"));
    });
    return new BareBrowser(child, socket, profile);
  }

  call<Result>(method: string, params: object, sessionId?: string): Promise<Result> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => {
      this.#pending.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Result);
        else reject(new Error(`${method}: ${error.message}`));
      });
    });
  }

  async trace(
    categories: readonly string[],
    action: () => Promise<unknown>,
  ): Promise<TraceEvent[]> {
    const events: TraceEvent[] = [];
    this.#listeners.set("Tracing.dataCollected", (params) => {
      events.push(...(params as { readonly value: readonly TraceEvent[] }).value);
    });
    const complete = new Promise((resolve) => {
      this.#listeners.set("Tracing.tracingComplete", resolve);
    });
    await this.call("Tracing.start", { traceConfig: { includedCategories: categories } });
    await action();
    await this.call("Tracing.end", {});
    await complete;
    return events;
  }

  async visit(url: string, initScript = ""): Promise<BareWindow> {
    const { browserContextId } = await this.call<{ browserContextId: string }>(
      "Target.createBrowserContext",
      {},
    );
    const { targetId } = await this.call<{ targetId: string }>("Target.createTarget", {
      url: "about:blank",
      browserContextId,
    });
    const { sessionId } = await this.call<{ sessionId: string }>("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    const window = new BareWindow(this, sessionId, browserContextId);
    await window.call("Page.enable", {});
    await window.call("Page.addScriptToEvaluateOnNewDocument", { source: initScript });
    await window.call("Page.navigate", { url });
    return window;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function readDebuggerUrl(errors: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of errors) {
    text += decoder.decode(bytes);
    const [, address] = /DevTools listening on (ws:\S+)/.exec(text) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error(`Chromium did not start: ${text}`);
}

export class BareWindow {
  readonly #browser: BareBrowser;
  readonly #session: string;
  readonly #context: string;

  constructor(browser: BareBrowser, session: string, context: string) {
    this.#browser = browser;
    this.#session = session;
    this.#context = context;
  }

  call<Result>(method: string, params: object): Promise<Result> {
    return this.#browser.call<Result>(method, params, this.#session);
  }

  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.call<{
      readonly result: { readonly value: Value; readonly description?: string };
      readonly exceptionDetails?: unknown;
    }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`${result.description}, in ${expression.slice(0, 200)}`);
  }

  async waitForElement(selector: string): Promise<void> {
    await this.evaluate(`new Promise((resolve, reject) => {
      const isPresent = () => document.querySelector(${JSON.stringify(selector)}) !== null;
      if (isPresent()) return resolve();
      const observer = new MutationObserver(() => {
        if (!isPresent()) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(document, { childList: true, subtree: true, attributes: true });
      setTimeout(() => reject(new Error("element did not appear")), ${ELEMENT_TIMEOUT_MS});
    })`);
  }

  async logIn(name: string): Promise<void> {
    await this.waitForElement("#enter-name");
    await this.evaluate("document.querySelector('#enter-name').focus()");
    await this.call("Input.insertText", { text: name });
    await this.evaluate("document.querySelector('#enter-name').form.requestSubmit()");
    await this.waitForElement(".composer textarea, .dialog button[type=submit]");
    await this.evaluate("document.querySelector('.dialog button[type=submit]')?.click()");
    await this.waitForElement(".composer textarea");
  }

  async attach(path: string): Promise<void> {
    const { result } = await this.call<{ readonly result: { readonly objectId: string } }>(
      "Runtime.evaluate",
      { expression: "document.querySelector('.composer input[type=file]')" },
    );
    await this.call("DOM.setFileInputFiles", { files: [path], objectId: result.objectId });
  }

  async reload(): Promise<void> {
    const loaded = "performance.timeOrigin";
    const initScript = await this.evaluate<number>(loaded);
    await this.call("Page.reload", {});
    // The old document may still answer until the new one has loaded.
    while ((await this.evaluate<number>(loaded).catch(() => initScript)) === initScript);
  }

  async close(): Promise<void> {
    await this.#browser.call("Target.disposeBrowserContext", { browserContextId: this.#context });
  }
}
