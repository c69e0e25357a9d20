import { afterAll, beforeAll, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { OTHER_NAME, RootServers, SERVER_NAME } from "../crypto/root-servers.ts";
import { within } from "../event.ts";
import { requires } from "../installed.ts";
import { tempFolder } from "../temp-folder.ts";
import { Browser } from "./browser.ts";

// Last run with Chromium 156 and Firefox ESR 153.

const folder = tempFolder();
let servers: RootServers;
beforeAll(async () => {
  servers = await RootServers.open(folder);
});
afterAll(() => servers.stop());

requires("chromium", "certutil").test(
  "Chromium accepts only the name of a local root",
  async () => {
    const names = [SERVER_NAME, OTHER_NAME].map((name) => `MAP ${name} 127.0.0.1`);
    const browser = new Browser([`--host-resolver-rules=${names.join(", ")}`]);
    browser.trust(servers.rootPath);
    await browser.start();
    const opens = async (host: string, port: number) => {
      const visit = await browser
        .visit(`https://${host}:${port}/`, { certificate: "accepted" })
        .catch(() => undefined);
      await visit?.context.close();
      return visit !== undefined;
    };
    expect(await servers.failures(opens)).toEqual([]);
    await browser.stop();
  },
);

/** Session of WebDriver BiDi (www.w3.org/TR/webdriver-bidi) with a new Firefox. */
class Firefox {
  readonly #child: Bun.Subprocess;
  readonly #socket: WebSocket;
  #lastId = 0;

  private constructor(child: Bun.Subprocess, socket: WebSocket) {
    this.#child = child;
    this.#socket = socket;
  }

  static async start(profile: string): Promise<Firefox> {
    const args = ["--headless", "--no-remote", "--profile", profile];
    const child = Bun.spawn(["firefox-esr", ...args, "--remote-debugging-port", "0"], {
      env: { PATH: process.env["PATH"] ?? "", HOME: profile, MOZ_HEADLESS: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const decoder = new TextDecoder();
    let output = "";
    for await (const bytes of child.stderr) {
      output += decoder.decode(bytes, { stream: true });
      const address = /BiDi listening on (ws:\S+)/.exec(output)?.[1];
      if (address === undefined) continue;
      const socket = new WebSocket(`${address}/session`);
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      return new Firefox(child, socket);
    }
    throw new Error(`Firefox ended: ${output}`);
  }

  /** @throws {Error} if the command fails */
  async send(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
    const onMessage = ({ data }: MessageEvent) => {
      const message = JSON.parse(String(data));
      if (message.id === id) resolve(message);
    };
    this.#socket.addEventListener("message", onMessage);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error, message } = await within(method, promise);
    this.#socket.removeEventListener("message", onMessage);
    if (error !== undefined) throw new Error(`${error}: ${message}`);
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    this.#child.kill();
    await this.#child.exited;
  }
}

requires("firefox-esr", "certutil").test(
  "Firefox accepts only the name of a local root",
  async () => {
    for (const args of [
      ["-N", "--empty-password"],
      ["-A", "-t", "C,,", "-n", "chat", "-i", servers.rootPath],
    ]) {
      expect(Bun.spawnSync(["certutil", "-d", `sql:${folder}`, ...args]).success).toBe(true);
    }
    const preference = `user_pref("network.dns.localDomains", "${SERVER_NAME},${OTHER_NAME}");\n`;
    writeFileSync(join(folder, "user.js"), preference);
    await using firefox = await Firefox.start(folder);
    await firefox.send("session.new", { capabilities: {} });
    const tree = await firefox.send("browsingContext.getTree", {});
    const { contexts } = tree as { readonly contexts: readonly { readonly context: string }[] };
    const opens = (host: string, port: number) => {
      const url = `https://${host}:${port}/`;
      const params = { context: contexts[0]?.context, url, wait: "complete" };
      return firefox.send("browsingContext.navigate", params).then(
        () => true,
        () => false,
      );
    };
    expect(await servers.failures(opens)).toEqual([]);
  },
);
