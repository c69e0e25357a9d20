import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from "bun:test";

export interface Packages {
  readonly debian: string;
  readonly fedora: string;
  /** Homebrew package; absent if the program does not run on macOS. */
  readonly macos?: string;
}

export const PROGRAMS = {
  WebKitWebDriver: {
    debian:
      "webkit2gtk-driver gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav",
    fedora: "webkit2gtk-driver",
  },
  Xvfb: { debian: "xvfb", fedora: "xorg-x11-server-Xvfb" },
  apache2: { debian: "apache2-bin", fedora: "httpd" },
  bash: { debian: "bash", fedora: "bash", macos: "bash" },
  caddy: { debian: "caddy", fedora: "caddy", macos: "caddy" },
  certutil: { debian: "libnss3-tools", fedora: "nss-tools" },
  chromium: { debian: "chromium", fedora: "chromium", macos: "--cask chromium" },
  curl: { debian: "curl", fedora: "curl", macos: "curl" },
  "dpkg-deb": { debian: "dpkg", fedora: "dpkg", macos: "dpkg" },
  "firefox-esr": { debian: "firefox-esr", fedora: "firefox" },
  fish: { debian: "fish", fedora: "fish", macos: "fish" },
  "gnutls-cli": { debian: "gnutls-bin", fedora: "gnutls-utils", macos: "gnutls" },
  groff: { debian: "groff", fedora: "groff", macos: "groff" },
  haproxy: { debian: "haproxy", fedora: "haproxy", macos: "haproxy" },
  irssi: { debian: "irssi", fedora: "irssi", macos: "irssi" },
  javac: { debian: "default-jdk-headless", fedora: "java-devel", macos: "openjdk" },
  nginx: { debian: "nginx", fedora: "nginx", macos: "nginx" },
  node: { debian: "nodejs", fedora: "nodejs", macos: "node" },
  openssl: { debian: "openssl", fedora: "openssl", macos: "openssl" },
  jq: { debian: "jq", fedora: "jq", macos: "jq" },
  "nats-server": { debian: "nats-server", fedora: "nats-server", macos: "nats-server" },
  python3: { debian: "python3", fedora: "python3", macos: "python" },
  rpmbuild: { debian: "rpm", fedora: "rpm-build", macos: "rpm" },
  script: { debian: "bsdutils", fedora: "util-linux-script" },
  setcap: { debian: "libcap2-bin", fedora: "libcap" },
  setsid: { debian: "util-linux", fedora: "util-linux", macos: "util-linux" },
  sha256sum: { debian: "coreutils", fedora: "coreutils", macos: "coreutils" },
  strace: { debian: "strace", fedora: "strace" },
  tar: { debian: "tar", fedora: "tar", macos: "gnu-tar" },
  tmux: { debian: "tmux", fedora: "tmux", macos: "tmux" },
  unzip: { debian: "unzip", fedora: "unzip", macos: "unzip" },
  wine: { debian: "wine", fedora: "wine" },
  "x86_64-w64-mingw32-ld": { debian: "binutils-mingw-w64-x86-64", fedora: "mingw64-binutils" },
  "weechat-headless": { debian: "weechat-headless weechat-plugins", fedora: "weechat" },
  zip: { debian: "zip", fedora: "zip", macos: "zip" },
  zsh: { debian: "zsh", fedora: "zsh", macos: "zsh" },
  zstd: { debian: "zstd", fedora: "zstd", macos: "zstd" },
} satisfies Record<string, Packages>;

/** Programs too large for CI, where tests that need them are skipped as elsewhere. */
const LARGE_PROGRAMS: ReadonlySet<string> = new Set(["caddy", "javac"]);

export const CONDITIONS = {
  mount: "root on Linux, outside most containers, to mount a file system",
} satisfies Record<string, string>;

export type Need = keyof typeof PROGRAMS | keyof typeof CONDITIONS;
type Suite = Pick<
  typeof import("bun:test"),
  "afterAll" | "afterEach" | "beforeAll" | "beforeEach" | "describe" | "test"
>;

const IS_CI = process.env["CI"] === "true";
const CHROMIUM_MACOS = "/Applications/Chromium.app/Contents/MacOS/Chromium";
const PROBE = ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];

/** Browsers for the page's tests. The first draws no window and needs a quarter less CPU time. */
const CHROMIUMS = ["chromium-headless-shell", "chromium", "chromium-browser", CHROMIUM_MACOS];

function firstInstalled(programs: readonly string[]): string {
  const found = programs.map((name) => Bun.which(name)).find((path) => path !== null);
  return process.env["CHAT_CHROMIUM"] ?? found ?? "chromium";
}

/** Browser for the page's tests; `CHAT_CHROMIUM` overrides it. */
export const chromiumPath = firstInstalled(CHROMIUMS);
/** Browser for tests of what needs a window: notifications, PDF files, warnings of certificates. */
export const windowedChromiumPath = firstInstalled(CHROMIUMS.slice(1));

function mayMount(): boolean {
  return (
    process.platform === "linux" &&
    process.getuid?.() === 0 &&
    Bun.which("unshare") !== null &&
    Bun.spawnSync(PROBE, { stdio: ["ignore", "ignore", "ignore"] }).success
  );
}

function isPresent(need: Need): boolean {
  if (need === "mount") return mayMount();
  if (process.platform === "darwin" && !("macos" in PROGRAMS[need])) return false;
  return (
    (IS_CI && !LARGE_PROGRAMS.has(need)) ||
    Bun.which(need === "chromium" ? chromiumPath : need) !== null
  );
}

/** `tools/skipped-tests.ts` reads the programs from the name. */
function skippedName(name: string, missing: readonly string[]): string {
  return `${name} (needs ${missing.join(", ")})`;
}

type Register = (name: string, ...rest: readonly unknown[]) => void;
type Registrar = Register & { readonly each: (rows: unknown) => Register };

function skipping<Kind extends Suite["describe"] | Suite["test"]>(
  { skip }: Kind,
  missing: readonly Need[],
): Kind {
  const naming =
    (register: Register): Register =>
    (name, ...rest) =>
      register(skippedName(name, missing), ...rest);
  const registrar = skip as unknown as Registrar;
  const each = (rows: unknown) => naming(registrar.each(rows));
  return Object.assign(naming(registrar), { each }) as unknown as Kind;
}

/**
 * Returns the functions of bun:test for tests that require programs. If one is missing, the tests
 * are skipped, their names end with "(needs tmux)", and hooks do nothing. With `CI=true` they run
 * and fail, unless the program is too large for CI.
 */
export function requires(...needs: readonly Need[]): Suite {
  const missing = needs.filter((need) => !isPresent(need));
  if (missing.length === 0) {
    return { afterAll, afterEach, beforeAll, beforeEach, describe, test };
  }
  const none = () => undefined;
  return {
    afterAll: none,
    afterEach: none,
    beforeAll: none,
    beforeEach: none,
    describe: skipping(describe, missing),
    test: skipping(test, missing),
  };
}
