import { readFileSync } from "node:fs";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { until } from "../event.ts";
import type { VisitOptions } from "./browser.ts";
import { pageCloses, pageOpened } from "./failure-pictures.ts";

/**
 * DOM properties for tests. The DOM types cannot be loaded next to Bun's types, and React declares
 * these interfaces without members.
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

export interface LoginOptions {
  readonly password?: string;
  readonly roomPassword?: string;
}

const MENU_TIMEOUT_MS = 2_000;
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/**
 * Browser window. Disposal fails if the page requested another origin, violated its content
 * security policy, opened a browser dialog, or threw an error.
 */
export class Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly #origin: string;
  readonly #violations: string[];

  private constructor(page: Page, origin: string, violations: string[]) {
    this.page = page;
    this.context = page.context();
    this.#origin = origin;
    this.#violations = violations;
  }

  static async open(
    context: BrowserContext,
    url: string,
    { origins = [], certificate }: Pick<VisitOptions, "origins" | "certificate"> = {},
  ): Promise<Visit> {
    const { origin } = new URL(url);
    const violations: string[] = [];
    context.on("page", (page) => recordViolations(page, [origin, ...origins], violations));
    const visit = new Visit(withoutAnnouncements(await context.newPage()), origin, violations);
    pageOpened(visit.page);
    if (certificate === "refused") await continueAfterWarning(visit.page, url);
    else await visit.page.goto(url);
    return visit;
  }

  async tab(): Promise<Visit> {
    const page = withoutAnnouncements(await this.context.newPage());
    const tab = new Visit(page, this.#origin, this.#violations);
    await tab.page.goto(this.#origin);
    return tab;
  }

  /** Waits until the server has stored that all messages of a room were read. */
  async waitUntilRead(room: string): Promise<void> {
    const tab = await this.tab();
    await tab.room(room).waitFor({ state: "attached" });
    await tab
      .room(room)
      .getByText(/unread/)
      .waitFor({ state: "detached" });
    await tab.page.close();
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await pageCloses(this.page);
    await this.context.close();
    if (this.#violations.length > 0)
      throw new Error(`the page did wrong:\n${this.#violations.join("\n")}`);
  }

  async logIn(name: string, options: LoginOptions = {}): Promise<void> {
    await this.submitLogin(name, options);
    await this.composer.or(this.newAccountQuestion).first().waitFor();
    if (await this.newAccountQuestion.isVisible()) await this.confirmNewAccount();
    await this.composer.waitFor();
    await this.leaveHome();
  }

  /** On a phone, the page begins in the list of rooms. */
  async leaveHome(): Promise<void> {
    const home = this.page.locator(".has-drawer");
    if ((await home.count()) === 0) return;
    await home.locator(".room-line[aria-current]").click();
    await home.waitFor({ state: "detached" });
  }

  /** In both languages. */
  get newAccountQuestion(): Locator {
    return this.page.getByRole("dialog", { name: /(?:Make one|Buat)\?$/ });
  }

  async confirmNewAccount(): Promise<void> {
    await this.newAccountQuestion.locator("button[type=submit]").click();
  }

  async submitLogin(name: string, { password, roomPassword }: LoginOptions = {}): Promise<void> {
    await this.page.locator("#enter-name").fill(name);
    if (password !== undefined) await this.page.locator("#enter-password").fill(password);
    if (roomPassword !== undefined) await this.page.locator("#enter-room").fill(roomPassword);
    await this.page.locator("form button[type=submit]").click();
  }

  get composer(): Locator {
    return this.page.locator(".composer textarea");
  }

  /** A step back in the history, which closes a layer, may abort the first attempt. */
  async reload(): Promise<void> {
    await this.page.reload().catch(() => this.page.reload());
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole("heading", { name, level: 1 });
  }

  async createRoom(name: string): Promise<void> {
    await this.send(`/join ${name}`);
    await this.dialog("Create room").getByRole("button", { name: "Create" }).click();
    await this.heading(`#${name}`).waitFor();
  }

  async openMenu(text: string | RegExp): Promise<void> {
    const message = this.page.locator("article.message:not(.is-pending)").filter({ hasText: text });
    // The focus keeps the buttons visible, because new rows may move the message away from the
    // pointer.
    const focus = () => message.first().focus();
    await this.openMenuOf(message.first().locator(".tools-more"), focus);
  }

  async openMenuOf(button: Locator, focus = async () => {}): Promise<void> {
    const menu = this.page.getByRole("menu").first();
    // A row that arrives between press and release moves the button, so that neither counts.
    await until("the menu is open", async () => {
      await focus();
      await button.click();
      return await menu.waitFor({ timeout: MENU_TIMEOUT_MS }).then(
        () => true,
        () => false,
      );
    });
  }

  async chooseFromMenu(text: string | RegExp, itemName: string | RegExp): Promise<void> {
    await this.openMenu(text);
    await this.menuItem(itemName).click();
  }

  async startNew(name: string): Promise<void> {
    await this.button("New").click();
    await this.menuItem(name).click();
  }

  async openSettings(): Promise<Locator> {
    const you = this.button("You");
    if (await you.isVisible()) await you.click();
    await this.page.locator(".me-button").click();
    return this.dialog("Account and settings");
  }

  /** @param check of the question before it is answered */
  async logOut(check?: (question: Locator) => Promise<void>): Promise<void> {
    await this.openSettings();
    await this.button("Sign out").click();
    const question = this.dialog("Sign out in this browser?");
    await check?.(question);
    await question.getByRole("button", { name: "Sign out" }).click();
    await this.button("Use another name").waitFor();
  }

  /** Signs in again, after the user has signed out in this browser. */
  async enterPassword(password: string): Promise<void> {
    await this.page.locator("#who-password").fill(password);
    await this.button("Sign in").click();
  }

  /** Field that finds anything. */
  get finder(): Locator {
    return this.page.getByRole("combobox", { name: "Find anything" });
  }

  /** Rows of the field. */
  get results(): Locator {
    return withoutAnnouncements(this.page.locator(".finder-row"));
  }

  async find(text: string): Promise<void> {
    await this.page.keyboard.press("Control+k");
    await this.finder.fill(text);
  }

  /** Finds messages. */
  async search(text: string): Promise<void> {
    await this.find(text);
    const chips = this.page.getByRole("group", { name: "Show only" });
    await chips.getByRole("button", { name: /^Messages/ }).click();
  }

  field(label: string): Locator {
    return this.page.getByLabel(label, { exact: true });
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Dialog of the page, not of the browser. */
  dialog(name: string | RegExp): Locator {
    return withoutAnnouncements(this.page.getByRole("dialog", { name }));
  }

  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press("Control+Enter"); // On a phone, Enter starts a line.
  }

  message(text: string | RegExp): Locator {
    return this.page.locator("article.message").filter({ hasText: text });
  }

  waitForMessage(text: string | RegExp, timeout?: number): Promise<void> {
    return this.message(text)
      .first()
      .waitFor(timeout === undefined ? {} : { timeout });
  }

  /** Waits until the server has confirmed all messages. No row moves afterwards. */
  async waitUntilSent(): Promise<void> {
    const pending = this.page.locator("article.is-pending");
    await until("nothing waits to be sent", async () => (await pending.count()) === 0, 60_000);
  }

  /** Clicks the retry button if the page has not reconnected by itself. */
  async waitUntilConnected(): Promise<void> {
    const banner = this.page.locator(".banner-warning");
    const retryButton = this.button("Retry now");
    await until("the page is connected again", async () => {
      if ((await banner.count()) === 0) return true;
      if ((await retryButton.count()) > 0)
        await retryButton.click({ timeout: 500 }).catch(() => undefined);
      return false;
    });
  }

  async attach(...paths: readonly string[]): Promise<void> {
    const chosen = this.page.waitForEvent("filechooser");
    await this.button("Attach").click();
    await this.menuItem("File").click();
    await (await chosen).setFiles([...paths]);
    await this.attachments.first().waitFor();
  }

  get attachments(): Locator {
    return this.page.getByRole("list", { name: "Attached files" }).getByRole("listitem");
  }

  async sendFiles(...paths: readonly string[]): Promise<void> {
    await this.attach(...paths);
    await this.button("Send").click();
  }

  file(name: string): Locator {
    return this.page.getByRole("group", { name: `File ${name}`, exact: true });
  }

  async saveByBrowser(name: string): Promise<void> {
    await this.file(name)
      .getByRole("button", { name: /^Actions for / })
      .click();
    await this.menuItem("Save without verifying").click();
  }

  transfer(name: string): Locator {
    return this.page.locator(".transfers").getByRole("group", { name: `Transfer of ${name}` });
  }

  /** In the list of rooms, or in a banner of an open room on a phone. */
  invitation(text: string): Locator {
    const all = this.page.locator(".invitation, .banner-invitation");
    return all.filter({ hasText: text, visible: true }).first();
  }

  room(name: string): Locator {
    return this.page.locator(`.room-line[data-target="${name}"]`);
  }

  menuItem(name: string | RegExp): Locator {
    return this.page.getByRole("menuitem", { name, exact: true });
  }

  overflow(): Promise<number> {
    const root = "document.documentElement";
    return this.page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`);
  }

  async accessibilityViolations(): Promise<readonly string[]> {
    // The page is blank until the heading exists.
    await this.page.locator("h1").first().waitFor({ state: "attached" });
    if (!(await this.page.evaluate<boolean>("'axe' in window"))) await this.page.evaluate(AXE);
    const { violations } = await this.page.evaluate<{ violations: AxeViolation[] }>(
      "axe.run(document, { resultTypes: ['violations'] })",
    );
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  }
}

/** Live regions repeat visible texts for some seconds. */
function withoutAnnouncements<Scope extends Page | Locator>(scope: Scope): Scope {
  const getByText = scope.getByText.bind(scope);
  const elsewhere = scope.locator(":not(.announcements *)");
  scope.getByText = (...args) => getByText(...args).and(elsewhere);
  return scope;
}

const POLICY_VIOLATION = /polic|refused to|violat/i;

async function continueAfterWarning(page: Page, url: string): Promise<void> {
  const { message } = await page.goto(url).then(
    () => new Error("the browser did not warn"),
    (error: unknown) => error as Error,
  );
  if (!message.includes("ERR_CERT_AUTHORITY_INVALID")) throw new Error(message);
  await page.locator("#details-button").click();
  await page.locator("#proceed-link").click();
}

function recordViolations(page: Page, origins: readonly string[], violations: string[]): void {
  const own = origins.flatMap((origin) => [origin, origin.replace(/^http/, "ws")]);
  // Browsers display documents with URLs of these schemes.
  const isOwn = (url: string) =>
    /^(?:blob|data|about|chrome|chrome-error|chrome-extension):/.test(url) ||
    own.includes(new URL(url).origin);
  page.on("request", (request) => {
    if (!isOwn(request.url())) violations.push(`asked another machine: ${request.url()}`);
  });
  page.on("websocket", (socket) => {
    if (!isOwn(socket.url())) violations.push(`spoke to another machine: ${socket.url()}`);
  });
  page.on("dialog", (dialog) => {
    // The browser itself asks before it closes a page with unsent data.
    if (dialog.type() !== "beforeunload") violations.push(`a dialog: ${dialog.message()}`);
    void dialog.accept().catch(() => undefined); // The window may be closing.
  });
  page.on("pageerror", (error) => violations.push(`an error: ${error.stack ?? error.message}`));
  page.on("crash", () => violations.push("the window crashed"));
  page.on("console", (message) => {
    const text = message.text();
    // A broken link also logs errors, which are expected.
    if (message.type() === "error" && POLICY_VIOLATION.test(text)) violations.push(text);
  });
}
