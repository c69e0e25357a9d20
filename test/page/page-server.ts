import type { Home, Sandbox, Served, ServeOptions } from "../e2e/program.ts";
import type { Relay } from "../e2e/relay.ts";
import { SharedServer } from "../e2e/shared-server.ts";
import { requires } from "../installed.ts";
import { type Browser, sharedBrowser, type VisitOptions } from "./browser.ts";
import { pageAddress, secretOf } from "./scenery.ts";
import { Talker } from "./talk.ts";
import type { Entry, Visit } from "./visit.ts";

export interface EnterOptions extends VisitOptions, Entry {
  /** The page is loaded and connected through it. */
  readonly via?: Relay;
}

/**
 * One server and one browser for all tests of a file. Each test uses accounts and rooms of its own.
 * A new window and a registration cost more than most tests: tests that need neither share windows.
 */
export class PageServer {
  readonly browser: Browser;
  readonly #server: SharedServer;
  readonly #windows = new Map<string, Visit>();
  readonly #talkers: Talker[] = [];

  constructor({ args = [], ...options }: ServeOptions = {}, browser?: Browser) {
    const hooks = requires("chromium");
    hooks.afterAll(() => this.#close());
    this.browser = browser ?? sharedBrowser();
    const fast = ["--posts-per-second", "1000000"];
    this.#server = new SharedServer({ ...options, args: [...fast, ...args] }, hooks);
  }

  get served(): Served {
    return this.#server.served;
  }

  get sandbox(): Sandbox {
    return this.#server.sandbox;
  }

  get address(): string {
    return pageAddress(this.served);
  }

  visit({ via, ...options }: EnterOptions = {}): Promise<Visit> {
    const secret = `#invite=${secretOf(this.served)}`;
    const url = via === undefined ? this.address : `https://${via.address}/${secret}`;
    return this.browser.visit(url, options);
  }

  /** A new browser profile whose user is logged in. */
  async enter(name: string, options: EnterOptions = {}): Promise<Visit> {
    const visit = await this.visit(options);
    await visit.enter(name, options);
    return visit;
  }

  /** A logged-in window that tests of the file share: the first one opens it. */
  async window(name: string, options: EnterOptions = {}): Promise<Visit> {
    const open = this.#windows.get(name) ?? (await this.enter(name, options));
    this.#windows.set(name, open);
    return open;
  }

  async operator(name = "olga"): Promise<Visit> {
    const link = String(this.served.listening["operatorLink"]);
    const open = this.#windows.get(name) ?? (await this.browser.visit(link));
    if (!this.#windows.has(name)) await open.enter(name);
    this.#windows.set(name, open);
    return open;
  }

  async talker(name: string): Promise<Talker> {
    const talker = await Talker.open(this.served, name);
    this.#talkers.push(talker);
    return talker;
  }

  home(name: string): Home {
    const env = { CHAT_INVITE: this.served.invite, CHAT_USER: name, CHAT_PASSWORD: "xxxxxxxx" };
    return this.sandbox.home(name).with(env);
  }

  async #close(): Promise<void> {
    for (const { tab } of this.#talkers) tab.close();
    const open = [...this.#windows.values()];
    await Promise.all(open.map((visit) => visit[Symbol.asyncDispose]()));
  }
}
