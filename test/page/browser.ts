import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Browser as Engine } from "playwright-core";
import { DEADLINE_MS } from "../event.ts";
import { chromiumPath, requires } from "../installed.ts";
import { withPictures } from "./failure-pictures.ts";
import { Visit } from "./visit.ts";

/**
 * Chromium obeys only the last such switch, so this list includes Playwright's list. Disabling the
 * address bar's features saves more than half of the page's CPU time.
 */
const DISABLED_FEATURES = [
  "AimEnabled",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsFirstBalancedModeAutoEnable",
  "HttpsUpgrades",
  "LensOverlay",
  "MediaRouter",
  "NetworkTimeServiceQuerying",
  "OptimizationHints",
  "PaintHolding",
  "PreconnectToSearch",
  "ThirdPartyStoragePartitioning",
  "InitialWebUI",
  "PreloadTopChromeWebUI",
  "SpareRendererForSitePerProcess",
  "WebUIOmniboxAimPopup",
  "WebUIOmniboxFullPopup",
  "WebUIOmniboxPopup",
];
const FLAGS = [
  `--disable-features=${DISABLED_FEATURES.join(",")}`,
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage", // `/dev/shm` is small in containers.
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const { afterAll, beforeAll, test } = requires("chromium");

export function pageTest(name: string, act: () => Promise<void>, timeoutMs?: number): void {
  test(name, () => withPictures(name, act), timeoutMs);
}

export function clusterPageTest(name: string, act: () => Promise<void>): void {
  requires("chromium", "nats-server").test(name, () => withPictures(name, act));
}

/** A mistyped label fails after this time, long before its test ends. */
const LOCATOR_MS = 15_000;

/** A busy machine gets longer, and so does CI, where nobody waits for it. */
function locatorTimeoutMs(): number {
  if (process.env["CI"]) return DEADLINE_MS;
  const load = (loadavg()[0] ?? 0) / availableParallelism();
  return Math.min(DEADLINE_MS, LOCATOR_MS * Math.max(1, load));
}

export interface VisitOptions {
  /**
   * Glob of URLs for which requests fail. Disables service workers, because their requests cannot
   * be intercepted.
   */
  readonly refused?: string;
  readonly width?: number;
  readonly height?: number;
  readonly isPhone?: boolean;
  readonly isDark?: boolean;
  readonly language?: string;
  /** Default: UTC. */
  readonly timeZone?: string;
  readonly initScript?: string;
  /** Origins that the page may ask besides its own. */
  readonly origins?: readonly string[];
  /** The browser checks certificates. `refused`: the user continues after its warning. */
  readonly certificate?: "refused" | "accepted";
}

/** Runs in each window before the page's code, and reports forbidden actions. */
const WATCH = `document.addEventListener("securitypolicyviolation", (event) => {
  const { violatedDirective, blockedURI } = event;
  console.error("forbidden by the page's policy: " + violatedDirective + " " + blockedURI);
});`;

export class Browser {
  #engine: Engine | undefined;
  readonly #flags: readonly string[];
  readonly #program: string;
  readonly #profile = mkdtempSync(join(tmpdir(), "chat-page-"));

  constructor(flags: readonly string[], program = chromiumPath) {
    this.#flags = flags;
    this.#program = program;
  }

  /** Adds a root certificate to the store of this browser, before it starts. */
  trust(certificatePath: string): void {
    const database = join(this.#profile, ".pki", "nssdb");
    mkdirSync(database, { recursive: true });
    const create = ["-N", "--empty-password"];
    const add = ["-A", "-t", "C,,", "-n", "chat", "-i", certificatePath];
    for (const args of [create, add]) {
      const { success, stderr } = Bun.spawnSync(["certutil", "-d", `sql:${database}`, ...args]);
      if (!success) throw new Error(`certutil: ${stderr}`);
    }
  }

  async start(): Promise<void> {
    this.#engine = await chromium.launch({
      executablePath: this.#program,
      args: [...FLAGS, ...this.#flags],
      headless: true,
      env: { PATH: process.env["PATH"] ?? "", HOME: this.#profile, TMPDIR: this.#profile },
    });
  }

  async stop(): Promise<void> {
    await this.#engine?.close();
    rmSync(this.#profile, { recursive: true, force: true });
  }

  async visit(url: string, options: VisitOptions = {}): Promise<Visit> {
    const context = await this.#context(options);
    return Visit.open(context, url, options);
  }

  async #context(options: VisitOptions): Promise<BrowserContext> {
    if (this.#engine === undefined) throw new Error("the browser is not started");
    const { width = 1280, height = 800, isPhone = false, isDark = false } = options;
    const context = await this.#engine.newContext({
      ignoreHTTPSErrors: options.certificate === undefined,
      viewport: { width, height },
      isMobile: isPhone,
      hasTouch: isPhone,
      colorScheme: isDark ? "dark" : "light",
      locale: options.language ?? "en-GB",
      timezoneId: options.timeZone ?? "UTC",
      reducedMotion: "reduce",
      serviceWorkers: options.refused === undefined ? "allow" : "block",
    });
    context.setDefaultTimeout(locatorTimeoutMs());
    if (options.refused !== undefined) await context.route(options.refused, (r) => r.abort());
    await context.addInitScript(WATCH);
    if (options.initScript !== undefined) await context.addInitScript(options.initScript);
    return context;
  }
}

export function sharedBrowser(flags: readonly string[] = [], program?: string): Browser {
  const browser = new Browser(flags, program);
  beforeAll(() => browser.start());
  afterAll(() => browser.stop());
  return browser;
}
