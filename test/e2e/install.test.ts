import { expect } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { packArchive, packScript } from "../archives.ts";
import { until } from "../event.ts";
import { requires } from "../installed.ts";
import { ReleaseSigner } from "../signed-release.ts";
import { tempFolder } from "../temp-folder.ts";

const NOBODY = "65534";
const VARIANTS = [
  "linux-x64",
  "linux-x64-baseline",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
];
const signer = new ReleaseSigner();

function archives(version: string): Record<string, Uint8Array> {
  const folder = tempFolder();
  const targets = [...VARIANTS, "darwin-arm64", "darwin-x64"];
  return Object.fromEntries(
    targets.map((target) => {
      const name = `chat-${version}-${target}`;
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "chat"), `#!/bin/sh\necho 'chat ${version}'\n`, {
        mode: 0o755,
      });
      const tar = Bun.spawnSync(["tar", "-C", folder, "-czf", "-", name]);
      return [`${name}.tar.gz`, new Uint8Array(tar.stdout)];
    }),
  );
}

const INSTALLED = ["chat", "lanchat"];
const RELEASE = Bun.which("tar") === null ? "" : signer.release(archives("0.2.0"));
const INSTALLER = join(tempFolder(), "install.sh");
const TEMPLATE = readFileSync(join(import.meta.dir, "../../tools/packaging/install.sh"), "utf8");
writeFileSync(INSTALLER, TEMPLATE.replaceAll("@PUBLIC_KEY@", signer.publicKey));

const { describe, test } = requires("openssl", "curl", "tar");

describe("install.sh", () => {
  const run = async (command: readonly string[], env: Record<string, string> = {}) => {
    const child = Bun.spawn([...command], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { exitCode: await child.exited, out, error };
  };
  const install = (...args: string[]) => run(["sh", INSTALLER, ...args]);
  const runs = (folder: string) =>
    Bun.spawnSync([join(folder, "chat"), "--version"])
      .stdout.toString()
      .trim();
  const changed = (name: string, content: string | Uint8Array) => {
    const folder = tempFolder();
    cpSync(RELEASE, folder, { recursive: true });
    writeFileSync(join(folder, name), content);
    return folder;
  };

  test("installs from a folder, and leaves only the program and its second name", async () => {
    const to = join(tempFolder(), "it's a $PATH", "bin");
    const { exitCode, out } = await install(RELEASE, "--to", to);
    expect([exitCode, runs(to), readdirSync(to).sort()]).toEqual([0, "chat 0.2.0", INSTALLED]);
    expect(out).toContain(`Installed chat 0.2.0 as ${to}/chat\n`);
    const [, addition = ""] = /^Add it to your PATH: (.*)$/m.exec(out) ?? [];
    const found = await run(["sh", "-c", `${addition}; command -v lanchat`]);
    expect(found.out).toBe(`${to}/lanchat\n`);
    writeFileSync(join(to, "chat.old"), ""); // As an upgrade leaves it.
    const [, removal = ""] = /^To uninstall: (.*)$/m.exec(out) ?? [];
    expect((await run(["sh", "-c", removal])).exitCode).toBe(0);
    expect(readdirSync(to)).toEqual([]);
  });

  test("leaves another program named lanchat alone", async () => {
    const to = tempFolder();
    writeFileSync(join(to, "lanchat"), "#!/bin/sh\n", { mode: 0o755 });
    const { out } = await install(RELEASE, "--to", to);
    expect(readFileSync(join(to, "lanchat"), "utf8")).toBe("#!/bin/sh\n");
    expect(out).toContain(`To uninstall: rm -f ${to}/chat ${to}/chat.old\n`);
  });

  test("asks for a folder without a home, and creates a chosen one for every user", async () => {
    for (const [args, message] of [
      [[], "HOME is not set; name the folder with --to"],
      [["--to", ""], "missing folder after --to"],
    ] as const) {
      const command = ["env", "-u", "HOME", "sh", INSTALLER, RELEASE, ...args];
      expect(await run(command)).toMatchObject({ exitCode: 1, error: `install: ${message}\n` });
    }
    const to = join(tempFolder(), "new", "bin");
    const script = 'umask 077; exec sh "$0" "$@"';
    expect((await run(["sh", "-c", script, INSTALLER, RELEASE, "--to", to])).exitCode).toBe(0);
    const modes = [dirname(to), to, join(to, "chat")].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o755, 0o755, 0o755]);
  });

  test("without a verifier, names the package before the way without a signature", async () => {
    const tools = tempFolder();
    for (const tool of ["sh", "cp", "mkdir", "mktemp", "rm", "uname", "grep", "sed"]) {
      symlinkSync(Bun.which(tool) ?? tool, join(tools, tool));
    }
    writeFileSync(join(tools, "apt-get"), "#!/bin/sh\n", { mode: 0o755 });
    const shell = join(tools, "sh");
    const args = [shell, INSTALLER, RELEASE, "--to", tempFolder()];
    const { exitCode, error } = await run(["env", `PATH=${tools}`, ...args]);
    expect(exitCode).toBe(1);
    expect(error).toMatch(
      /: sudo apt-get install minisign; only if you trust .*--checksum-only\n$/,
    );
  });

  requires("zsh").test("runs in zsh", async () => {
    const to = tempFolder();
    const { exitCode, error } = await run(["zsh", INSTALLER, RELEASE, "--to", to]);
    expect([exitCode, error, runs(to)]).toEqual([0, "", "chat 0.2.0"]);
  });

  test("names another program that comes first under the same name", async () => {
    const [other, to] = [tempFolder(), tempFolder()];
    writeFileSync(join(other, "chat"), "#!/bin/sh\n", { mode: 0o755 });
    const env = { PATH: `${other}:${to}:${process.env["PATH"]}` };
    const shadowed = await run(["sh", INSTALLER, RELEASE, "--to", to], env);
    expect(shadowed.out).toContain(`Note: chat is still ${other}/chat`);
    expect(shadowed.out).toContain("call this program lanchat\n");
    const elsewhere = { PATH: `${other}:${process.env["PATH"]}` };
    const unlisted = await run(["sh", INSTALLER, RELEASE, "--to", to], elsewhere);
    expect(unlisted.out).toContain(`Note: until then, chat is ${other}/chat`);
    const found = await run(["sh", INSTALLER, RELEASE, "--to", to], { PATH: `${to}:${env.PATH}` });
    expect([found.exitCode, found.out.includes("Note:")]).toEqual([0, false]);
  });

  test("installs from a read-only offline folder for a user without root", async () => {
    const home = tempFolder();
    chmodSync(home, 0o777);
    const asNobody = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    const command = ["sh", INSTALLER, RELEASE];
    const isRoot = process.getuid?.() === 0 && Bun.which("setpriv") !== null;
    chmodSync(dirname(INSTALLER), 0o755);
    chmodSync(RELEASE, 0o555);
    const env = { HOME: home };
    const { exitCode, out } = await run([...(isRoot ? asNobody : []), ...command], env);
    const to = join(home, ".local", "bin");
    expect([exitCode, runs(to), readdirSync(to).sort()]).toEqual([0, "chat 0.2.0", INSTALLED]);
    expect(out).toContain(`Add it to your PATH: export PATH=${to}:"$PATH"`);
    expect(statSync(join(to, "chat")).uid).toBe(
      isRoot ? Number(NOBODY) : (process.getuid?.() ?? 0),
    );
  });

  test("replaces an older program, also through another user's link", async () => {
    const to = tempFolder();
    writeFileSync(join(to, "old"), "#!/bin/sh\necho 'chat 0.1.0'\n", { mode: 0o755 });
    symlinkSync("old", join(to, "chat"));
    const { exitCode, out } = await install(RELEASE, "--to", to);
    expect([exitCode, runs(to)]).toEqual([0, "chat 0.2.0"]);
    expect(out).toContain(`Installed chat 0.2.0 as ${to}/chat (replaced chat 0.1.0)\n`);
    expect(readFileSync(join(to, "old"), "utf8")).toContain("0.1.0");
    const folder = tempFolder();
    mkdirSync(join(folder, "chat"));
    expect((await install(RELEASE, "--to", folder)).error).toContain("is a folder");
  });

  test("refuses an older release, also with its true signature, unless it is wanted", async () => {
    const to = tempFolder();
    const program = (version: string) =>
      writeFileSync(join(to, "chat"), `#!/bin/sh\necho 'chat ${version} (abc)'\n`, { mode: 0o755 });
    for (const [version, ...args] of [["0.2.1"], ["0.10.0", "--checksum-only"], ["0.3.0-rc.1"]]) {
      program(`${version}`);
      const { exitCode, error } = await install(RELEASE, "--to", to, ...args);
      const message = `the release is older (chat 0.2.0) than ${to}/chat (${version})`;
      expect([exitCode, error]).toEqual([1, expect.stringContaining(message)]);
      expect([runs(to), readdirSync(to)]).toEqual([`chat ${version} (abc)`, ["chat"]]);
    }
    expect((await install(RELEASE, "--to", to, "--downgrade")).exitCode).toBe(0);
    expect(runs(to)).toBe("chat 0.2.0");
    for (const version of ["0.2.0", "0.2.0-rc.9"]) {
      program(version);
      expect((await install(RELEASE, "--to", to)).exitCode).toBe(0);
      expect(runs(to)).toBe("chat 0.2.0");
    }
  });

  test("prefers the smaller archive if zstd is installed", async () => {
    const suffix = Bun.which("zstd") === null ? ".tar.gz" : ".tar.zst";
    const all = VARIANTS.flatMap((target) =>
      [".tar.gz", ".tar.zst"].map((end) => packScript("0.3.0", target, `echo '${end}'`, end)),
    );
    const from = signer.release(Object.assign({}, ...all), "chat 0.3.0");
    const to = tempFolder();
    expect((await install(from, "--to", to)).exitCode).toBe(0);
    expect(runs(to)).toBe(suffix);
  });

  test("refuses a link in place of the program, and unpacks nothing else", async () => {
    const all = VARIANTS.map((target) => {
      const name = `chat-0.3.0-${target}`;
      const entries = [
        { path: "../../outside", content: "x" },
        { path: `${name}/chat`, linkTo: "/bin/sh" },
      ];
      return { [`${name}.tar.gz`]: packArchive(".tar.gz", entries) };
    });
    const to = join(tempFolder(), "a", "b");
    const from = signer.release(Object.assign({}, ...all), "chat 0.3.0");
    const { exitCode, error } = await install(from, "--to", to);
    expect([exitCode, error]).toEqual([1, expect.stringContaining("contains no program")]);
    expect([readdirSync(to), readdirSync(join(to, ".."))]).toEqual([[], ["b"]]);
  });

  test("does nothing if it arrives incomplete", async () => {
    const text = readFileSync(INSTALLER, "utf8");
    for (let size = 100; size < text.length - 20; size += 173) {
      const to = join(tempFolder(), "bin");
      const child = Bun.spawn(["sh", "-s", "--", RELEASE, "--to", to], {
        stdio: [new Blob([text.slice(0, size)]), "ignore", "ignore"],
      });
      await child.exited;
      expect([size, existsSync(to)]).toEqual([size, false]);
    }
  });

  test("installs from an address, with progress on a terminal", async () => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => new Response(Bun.file(join(RELEASE, new URL(url).pathname))),
    });
    const to = tempFolder();
    const args = [`http://127.0.0.1:${server.port}/`, "--to", to];
    const { exitCode, error } = await install(...args);
    expect([exitCode, error, runs(to)]).toEqual([0, "", "chat 0.2.0"]);
    let screen = "";
    const decoder = new TextDecoder();
    const terminal = new Bun.Terminal({ data: (_, bytes) => (screen += decoder.decode(bytes)) });
    await Bun.spawn(["sh", INSTALLER, ...args], { terminal }).exited;
    await until("the end of the output", () => screen.includes("To uninstall"));
    terminal.close();
    await server.stop();
    expect(screen).toMatch(/^Downloading chat-0\.2\.0-[^\r]+\.tar\.gz\r\n[^\n]*100\.0%/);
  });

  test("keeps the old program if the new one cannot be verified", async () => {
    const to = tempFolder();
    writeFileSync(join(to, "chat"), "#!/bin/sh\necho old\n", { mode: 0o755 });
    const sums = readFileSync(join(RELEASE, "SHA256SUMS"), "utf8");
    const other = new ReleaseSigner().sign(sums, "chat 0.2.0");
    const bad: [string, string][] = [
      [changed("SHA256SUMS", sums.replaceAll("a", "b")), "the signature does not match"],
      [changed("SHA256SUMS.minisig", other), "the signature does not match"],
      [changed("SHA256SUMS.minisig", ""), "the signature does not match"],
      [signer.release({ "x.txt": "" }), "the release has no program for "],
      [tempFolder(), "cannot copy "],
      ["file:///", "cannot copy "],
    ];
    const folder = tempFolder();
    cpSync(RELEASE, folder, { recursive: true });
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".gz"))) {
      truncateSync(join(folder, name), 100);
    }
    bad.push([folder, "does not match its checksum"]);
    for (const [from, message] of bad) {
      const { exitCode, error } = await install(from, "--to", to);
      expect([exitCode, error]).toEqual([1, expect.stringContaining(message)]);
      expect([runs(to), readdirSync(to)]).toEqual(["old", ["chat"]]);
    }
  });

  test("refuses a folder that it cannot write to, and unknown arguments", async () => {
    const file = join(tempFolder(), "file");
    writeFileSync(file, "");
    for (const args of [
      [RELEASE, "--to", join(file, "bin")],
      [RELEASE, "--t"],
      [RELEASE, "--pin", "sha256//x="],
      ["http://127.0.0.1:1", "--pin", "sha256//x="],
      ["http://127.0.0.1:1"],
      [],
      [RELEASE, "x"],
    ]) {
      const { exitCode, error } = await install(...args);
      expect([exitCode, error]).toEqual([1, expect.stringContaining("install: ")]);
    }
    expect(existsSync(file)).toBe(true);
  });
});

requires("openssl", "tar", "mount").test("keeps the old program on a full disk", async () => {
  const content = new Uint8Array(32 << 20);
  const all = VARIANTS.map((target) => {
    const name = `chat-0.3.0-${target}`;
    return { [`${name}.tar.gz`]: packArchive(".tar.gz", [{ path: `${name}/chat`, content }]) };
  });
  const from = signer.release(Object.assign({}, ...all), "chat 0.3.0");
  const script = `mount -t tmpfs -o size=8m tmpfs "$1" && printf 'old' > "$1/chat" &&
    { sh "$2" "$3" --to "$1"; cat "$1/chat"; ls -A "$1"; }`;
  const command = ["unshare", "-m", "sh", "-c", script, "sh", tempFolder(), INSTALLER, from];
  const { stdout, stderr } = Bun.spawnSync(command);
  expect(stderr.toString()).toContain("check the space on the disk");
  expect(stdout.toString()).toBe("oldchat\n");
});
