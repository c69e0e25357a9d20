import { readFileSync } from "node:fs";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { until } from "../event.ts";

/**
 * What tests ask of a page's elements. React's types, which the terminal's view brings, know them
 * without any of it; those of a browser do not fit beside those of Bun.
 */
declare global {
  interface HTMLElement {
    readonly clientHeight: number;
    readonly scrollHeight: number;
    readonly scrollTop: number;
    getBoundingClientRect(): { readonly top: number };
    getClientRects(): Iterable<{ readonly bottom: number }>;
    scrollTo(x: number, y: number): void;
  }
  interface SVGElement extends HTMLElement {}
}

export interface Entry {
  readonly password?: string;
  readonly roomPassword?: string;
}

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

interface AxeFound {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/**
 * Somebody in front of one window. When they leave, it fails if the page has done what it must
 * never do: ask another machine for something, break its own policy, open a dialog of the
 * browser's, or stop at an error.
 */
export class Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly #origin: string;
  readonly #wrongs: string[];

  private constructor(page: Page, origin: string, wrongs: string[]) {
    this.page = page;
    this.context = page.context();
    this.#origin = origin;
    this.#wrongs = wrongs;
  }

  static async open(context: BrowserContext, url: string): Promise<Visit> {
    const { origin } = new URL(url);
    const wrongs: string[] = [];
    context.on("page", (page) => watch(page, origin, wrongs));
    const visit = new Visit(await context.newPage(), origin, wrongs);
    await visit.page.goto(url);
    return visit;
  }

  async tab(): Promise<Visit> {
    const tab = new Visit(await this.context.newPage(), this.#origin, this.#wrongs);
    await tab.page.goto(this.#origin);
    return tab;
  }

  /** What the page did that it must not do. */
  get wrongs(): readonly string[] {
    return this.#wrongs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    if (this.#wrongs.length > 0) throw new Error(`the page did wrong:\n${this.#wrongs.join("\n")}`);
  }

  /** Fills in the form and waits until the lobby is there. */
  async enter(name: string, entry: Entry = {}): Promise<void> {
    await this.fillEntry(name, entry);
    await this.box.waitFor();
  }

  async fillEntry(name: string, { password, roomPassword }: Entry = {}): Promise<void> {
    await this.page.locator("#enter-name").fill(name);
    if (password !== undefined) await this.page.locator("#enter-password").fill(password);
    if (roomPassword !== undefined) await this.page.locator("#enter-room").fill(roomPassword);
    await this.page.locator("form button[type=submit]").click();
  }

  /** The field for a message, in any language. */
  get box(): Locator {
    return this.page.locator(".composer textarea");
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole("heading", { name, level: 1 });
  }

  async makesRoom(name: string): Promise<void> {
    await this.says(`/join ${name}`);
    await this.dialog("Create room").getByRole("button", { name: "Create" }).click();
    await this.heading(`#${name}`).waitFor();
  }

  async opensMenu(text: string | RegExp): Promise<void> {
    const message = this.page.locator("article.message:not(.is-pending)").filter({ hasText: text });
    // The focus keeps its buttons visible. The pointer does not if new rows move the message.
    await message.first().focus();
    await message.first().locator(".tools-more").click();
  }

  /** Chooses an entry from the menu of a message. */
  async acts(text: string | RegExp, entry: string | RegExp): Promise<void> {
    await this.opensMenu(text);
    await this.entry(entry).click();
  }

  async opensSettings(): Promise<Locator> {
    await this.page.locator(".me-button").click();
    return this.dialog("Account and settings");
  }

  async logsOut(): Promise<void> {
    await this.opensSettings();
    await this.button("Sign out").click();
    const question = this.dialog("Sign out of this browser?");
    await question.getByRole("button", { name: "Sign out" }).click();
    await this.button(/^Continue as /).waitFor();
  }

  async searches(text: string): Promise<void> {
    await this.button("Search").first().click();
    await this.field("Search for").fill(text);
    await this.field("Search for").press("Enter");
  }

  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** A dialog of the page's own. */
  dialog(name: string | RegExp): Locator {
    return this.page.getByRole("dialog", { name });
  }

  async says(text: string): Promise<void> {
    await this.box.fill(text);
    await this.box.press("Enter");
  }

  /** The messages that hold these words. */
  message(text: string | RegExp): Locator {
    return this.page.locator("article.message").filter({ hasText: text });
  }

  sees(text: string | RegExp, timeout?: number): Promise<void> {
    return this.message(text)
      .first()
      .waitFor(timeout === undefined ? {} : { timeout });
  }

  /** All that was said here is at the server: no row changes its place any more. */
  async settled(): Promise<void> {
    const pending = this.page.locator("article.is-pending");
    await until("nothing waits to be sent", async () => (await pending.count()) === 0, 60_000);
  }

  /** Connected again: by the button, unless the page was quicker. */
  async back(): Promise<void> {
    const banner = this.page.locator(".banner-warning");
    const again = this.button("Retry now");
    await until("the page is connected again", async () => {
      if ((await banner.count()) === 0) return true;
      if ((await again.count()) > 0) await again.click({ timeout: 500 }).catch(() => undefined);
      return false;
    });
  }

  /** Chooses files, which go with the next message. */
  async attaches(...paths: readonly string[]): Promise<void> {
    const chosen = this.page.waitForEvent("filechooser");
    await this.button("Attach").click();
    await (await chosen).setFiles([...paths]);
    await this.attachments.first().waitFor();
  }

  /** What goes with the next message. */
  get attachments(): Locator {
    return this.page.getByRole("list", { name: "Attached files" }).getByRole("listitem");
  }

  /** Chooses files, and sends them. */
  async attach(...paths: readonly string[]): Promise<void> {
    await this.attaches(...paths);
    await this.button("Send").click();
  }

  file(name: string): Locator {
    return this.page.getByRole("group", { name: `File ${name}`, exact: true });
  }

  /** By the browser's own means: behind the button of the card's other ways. */
  async saveByBrowser(name: string): Promise<void> {
    await this.file(name)
      .getByRole("button", { name: /^Actions for / })
      .click();
    await this.entry("Save without verifying").click();
  }

  transfer(name: string): Locator {
    return this.page.locator(".transfers").getByRole("group", { name: `Transfer of ${name}` });
  }

  room(name: string): Locator {
    return this.page.locator(`.room-line[data-target="${name}"]`);
  }

  entry(name: string | RegExp): Locator {
    return this.page.getByRole("menuitem", { name, exact: true });
  }

  /** Pixels by which the page is wider than the window. */
  overflow(): Promise<number> {
    const root = "document.documentElement";
    return this.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
  }

  /** Accessibility violations that axe finds. */
  async barriers(): Promise<readonly string[]> {
    await this.page.locator("h1").first().waitFor({ state: "attached" }); // Until then it is blank.
    if (!(await this.page.evaluate<boolean>("'axe' in window"))) await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate<{ violations: AxeFound[] }>(
      "axe.run(document, { resultTypes: ['violations'] })",
    );
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  }
}

/** Messages of the console that report a violation of the page's policy. */
const WRONG = /polic|refused to|violat/i;

function watch(page: Page, origin: string, wrongs: string[]): void {
  const socketOrigin = origin.replace(/^http/, "ws");
  // With what is its own a browser shows a document.
  const isOwn = (url: string) =>
    /^(?:blob|data|about|chrome|chrome-extension):/.test(url) ||
    [origin, socketOrigin].includes(new URL(url).origin);
  page.on("request", (request) => {
    if (!isOwn(request.url())) wrongs.push(`asked another machine: ${request.url()}`);
  });
  page.on("websocket", (socket) => {
    if (!isOwn(socket.url())) wrongs.push(`spoke to another machine: ${socket.url()}`);
  });
  page.on("dialog", (dialog) => {
    // Leaving with something unsent is asked about by the browser.
    if (dialog.type() !== "beforeunload") wrongs.push(`a dialog: ${dialog.message()}`);
    void dialog.accept().catch(() => undefined); // The window may be closing.
  });
  page.on("pageerror", (error) => wrongs.push(`an error: ${error.stack ?? error.message}`));
  page.on("crash", () => wrongs.push("the window crashed"));
  page.on("console", (message) => {
    const text = message.text();
    // What a broken link says is no wrong of the page.
    if (message.type() === "error" && WRONG.test(text)) wrongs.push(text);
  });
}
