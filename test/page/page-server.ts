import type { Home, Sandbox, Served, ServeOptions } from "../e2e/program.ts";
import type { Relay } from "../e2e/relay.ts";
import { SharedServer } from "../e2e/shared-server.ts";
import { requires } from "../installed.ts";
import { type Browser, sharedBrowser, type VisitOptions } from "./browser.ts";
import { pageAddress, secretOf } from "./fixtures.ts";
import { HeadlessUser } from "./headless-user.ts";
import type { LoginOptions, Visit } from "./visit.ts";

export interface UserOptions extends VisitOptions, LoginOptions {
  readonly via?: Relay;
  /** Invite or operator link, instead of the server's own invite. */
  readonly link?: string;
}

/**
 * Server and browser for all tests in a file. Tests use separate accounts and rooms, but share
 * windows if they can, because a new window takes longer than most tests.
 */
export class PageServer {
  readonly browser: Browser;
  readonly #server: SharedServer;
  readonly #windows = new Map<string, Visit>();
  readonly #headlessUsers: HeadlessUser[] = [];

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

  visit({ via, link = this.address, ...options }: UserOptions = {}): Promise<Visit> {
    const secret = `#invite=${secretOf(this.served)}`;
    const url = via === undefined ? link : `https://${via.address}/${secret}`;
    return this.browser.visit(url, options);
  }

  async logIn(name: string, options: UserOptions = {}): Promise<Visit> {
    const visit = await this.visit(options);
    await visit.logIn(name, options);
    return visit;
  }

  async window(name: string, options: UserOptions = {}): Promise<Visit> {
    const open = this.#windows.get(name) ?? (await this.logIn(name, options));
    this.#windows.set(name, open);
    return open;
  }

  operator(name = "olga"): Promise<Visit> {
    return this.window(name, { link: String(this.served.listening["operatorLink"]) });
  }

  async headlessUser(name: string): Promise<HeadlessUser> {
    const user = await HeadlessUser.open(this.served, name);
    this.#headlessUsers.push(user);
    return user;
  }

  home(name: string): Home {
    const env = { CHAT_INVITE: this.served.invite, CHAT_USER: name, CHAT_PASSWORD: "xxxxxxxx" };
    return this.sandbox.home(name).with(env);
  }

  async #close(): Promise<void> {
    for (const { tab } of this.#headlessUsers) tab.close();
    const open = [...this.#windows.values()];
    await Promise.all(open.map((visit) => visit[Symbol.asyncDispose]()));
  }
}
