import { expect } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { requires } from "../installed.ts";
import { ReleaseSigner } from "../signed-release.ts";
import { tempFolder } from "../temp-folder.ts";

const VARIANTS = [
  "linux-x64",
  "linux-x64-baseline",
  "linux-x64-musl",
  "linux-arm64",
  "linux-arm64-musl",
];
const signer = new ReleaseSigner();

/** Archives with a script in place of the program. */
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

const RELEASE = Bun.which("tar") === null ? "" : signer.release(archives("0.2.0"));
const INSTALLER = join(tempFolder(), "install.sh");
const TEMPLATE = readFileSync(join(import.meta.dir, "..", "..", "packaging", "install.sh"), "utf8");
writeFileSync(INSTALLER, TEMPLATE.replaceAll("@PUBLIC_KEY@", signer.publicKey));

const { describe, test } = requires("openssl", "curl", "tar");

describe("install.sh", () => {
  const install = async (...args: string[]) => {
    const child = Bun.spawn(["sh", INSTALLER, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { exitCode: await child.exited, out, error };
  };
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

  test("installs from a folder and leaves only the program", async () => {
    const to = join(tempFolder(), "a b", "bin");
    const { exitCode, out } = await install(RELEASE, "--to", to);
    expect([exitCode, runs(to), readdirSync(to)]).toEqual([0, "chat 0.2.0", ["chat"]]);
    expect(out).toContain(`Installed chat 0.2.0 as ${to}/chat\n`);
    expect(out).toContain(`To uninstall: rm ${to}/chat\n`);
  });

  test("installs from an address", async () => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => new Response(Bun.file(join(RELEASE, new URL(url).pathname))),
    });
    const to = tempFolder();
    const { exitCode } = await install(`http://127.0.0.1:${server.port}/`, "--to", to);
    await server.stop();
    expect([exitCode, runs(to)]).toEqual([0, "chat 0.2.0"]);
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
      ["http://127.0.0.1:1", "cannot download http://127.0.0.1:1/SHA256SUMS"],
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
      [],
      [RELEASE, "x"],
    ]) {
      const { exitCode, error } = await install(...args);
      expect([exitCode, error]).toEqual([1, expect.stringContaining("install: ")]);
    }
    expect(existsSync(file)).toBe(true);
  });
});
