import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { requires } from "../installed.ts";
import { tempFolder } from "../temp-folder.ts";

const { beforeAll, describe, test } = requires("dpkg-deb", "rpmbuild", "tar", "zip", "zstd");

const BASH_COMPLETION = "./usr/share/bash-completion/completions/chat";
const NAMES = [
  "chat-0.2.0-1.x86_64.rpm",
  "chat-0.2.0-linux-x64.tar.gz",
  "chat-0.2.0-linux-x64.tar.zst",
  "chat-0.2.0-windows-x64.zip",
  "chat_0.2.0_amd64.deb",
];

// Outside `describe`: if it is skipped, Bun reports its hooks as unnamed tests.
const first = join(tempFolder(), "a");
const second = join(tempFolder(), "another", "with-a-longer-path");

describe("packages of a release", () => {
  const pack = (folder: string, umask: string) => {
    mkdirSync(folder, { recursive: true });
    const program = join(import.meta.dir, "pack-program.ts");
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, program, folder, umask]);
    if (exitCode !== 0) throw new Error(stderr.toString());
  };
  const sums = (folder: string) =>
    readdirSync(join(folder, "release")).map((name) => {
      const content = readFileSync(join(folder, "release", name));
      return [name, createHash("sha256").update(content).digest("hex")];
    });
  const lines = (...command: string[]) =>
    Bun.spawnSync(command, { cwd: join(first, "release") })
      .stdout.toString()
      .trim()
      .split("\n");

  beforeAll(() => {
    pack(first, "022");
    pack(second, "077");
  });

  test("are identical for any folder, time and umask", () => {
    expect(readdirSync(join(first, "release")).sort()).toEqual(NAMES);
    expect(sums(second)).toEqual(sums(first));
  });

  test("the deb and the rpm install the same files for every user", () => {
    const deb = lines("dpkg-deb", "--contents", "chat_0.2.0_amd64.deb");
    const rpm = lines("rpm", "-qplv", "chat-0.2.0-1.x86_64.rpm");
    for (const path of [
      "/usr/bin/chat",
      "/usr/share/doc/chat/guides/index.html",
      "/etc/chat/settings.toml",
      "/systemd/system/chat.service",
    ]) {
      const mode = path === "/usr/bin/chat" ? "-rwxr-xr-x" : "-rw-r--r--";
      for (const list of [deb, rpm]) {
        const line = list.find((entry) => entry.endsWith(path));
        expect(line?.slice(0, 10)).toBe(mode);
      }
    }
    expect([...deb, ...rpm].filter((line) => !/ root[/ ]/.test(line))).toEqual([]);
  });

  test("have a second name, because root's PATH may have another program named chat", () => {
    const deb = lines("dpkg-deb", "--contents", "chat_0.2.0_amd64.deb");
    const rpm = lines("rpm", "-qplv", "chat-0.2.0-1.x86_64.rpm");
    for (const list of [deb, rpm])
      for (const link of [
        "bin/lanchat -> chat",
        "completions/lanchat -> chat",
        "lanchat.1.gz -> chat.1.gz",
      ])
        expect(list.filter((line) => line.endsWith(`/${link}`))).toHaveLength(1);
    const script = lines("sh", "-c", `dpkg-deb --fsys-tarfile *.deb | tar -xO ${BASH_COMPLETION}`);
    expect(script).toEqual(["found=$(/usr/bin/chat complete -- x)"]);
  });

  test("the rpm keeps changed settings, and starts no server", () => {
    const name = "chat-0.2.0-1.x86_64.rpm";
    expect(lines("rpm", "-qp", "--configfiles", name)).toEqual(["/etc/chat/settings.toml"]);
    expect(lines("rpm", "-qp", "--requires", name)).toContain("glibc >= 2.28");
    const scripts = lines("rpm", "-qp", "--scripts", name).join("\n");
    expect(scripts).toContain("useradd -r -g chat");
    expect(scripts).not.toMatch(/systemctl (?:enable|start)/);
  });
});
