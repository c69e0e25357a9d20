import { Database } from "bun:sqlite";
import { beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { Fault } from "../../../src/base/fault.ts";
import { openReleaseSource, upgradeProgram } from "../../../src/cli/release/upgrade.ts";
import { parseReleaseKey } from "../../../src/crypto/minisign.ts";
import { systemClock } from "../../../src/io/clock.ts";
import { ProgramReplacement } from "../../../src/io/file/program-replacement.ts";
import { ClientState } from "../../../src/io/state/client-state.ts";
import { CLIENT_STATE_VERSION } from "../../../src/io/state/schema.ts";
import { packArchive, packScript, versionScript } from "../../archives.ts";
import { faultCode } from "../../fault-code.ts";
import { rejection } from "../../rejection.ts";
import { ReleaseSigner } from "../../signed-release.ts";
import { tempFolder } from "../../temp-folder.ts";

const signer = new ReleaseSigner();
const TARGET = "linux-x64";

interface Options {
  readonly version?: string;
  readonly isDowngrade?: boolean;
  readonly dataFolders?: readonly string[];
  readonly homes?: readonly string[];
  readonly allowsUnreadable?: boolean;
}

let folder = "";

let program = "";
const downloads: unknown[] = [];

beforeEach(() => {
  folder = tempFolder();
  program = join(folder, "chat");
  fs.writeFileSync(program, `#!/bin/sh\n${versionScript("0.2.0")}\n`, { mode: 0o755 });
  downloads.length = 0;
});

async function upgrade(from: string, options: Options = {}) {
  const { version = "0.2.0", isDowngrade = false, dataFolders = [] } = options;
  const { homes = [], allowsUnreadable = false } = options;
  const replacement = ProgramReplacement.open(program);
  try {
    return await upgradeProgram({
      replacement,
      isDowngrade,
      dataFolders,
      homes,
      allowsUnreadable,
      env: process.env,
      source: openReleaseSource(from, systemClock(), {}),
      key: parseReleaseKey(signer.publicKey),
      program: { version, target: TARGET },
      onProgress: (...progress) => downloads.push(progress),
    });
  } finally {
    replacement.close();
  }
}

function release(version: string, script = versionScript(version), suffix = ".tar.gz"): string {
  return signer.release(packScript(version, TARGET, script, suffix), `chat ${version}`);
}

function installedVersion(): string {
  const { stdout } = Bun.spawnSync([program, "version", "--json"]);
  return JSON.parse(stdout.toString()).version;
}

async function refusal(from: string, options?: Options): Promise<string> {
  const error = await rejection(upgrade(from, options));
  expect([installedVersion(), fs.readdirSync(folder)]).toEqual(["0.2.0", ["chat"]]);
  if (!(error instanceof Fault)) throw error;
  return `${error.code}: ${error.message}`;
}

describe("an upgrade", () => {
  test.each([".tar.gz", ".tar.zst"])("replaces the program with that of a %s", async (suffix) => {
    expect(await upgrade(release("0.3.0", undefined, suffix))).toEqual({
      version: "0.3.0",
      oldPath: `${program}.old`,
      converted: [],
      unreadable: [],
      setcap: undefined,
    });
    expect([installedVersion(), fs.readdirSync(folder).sort()]).toEqual([
      "0.3.0",
      ["chat", "chat.old"],
    ]);
  });

  test("prefers the smallest available archive", async () => {
    const archives = [".tar.gz", ".tar.zst"].map((suffix) =>
      packScript("0.3.0", TARGET, `${versionScript("0.3.0")} # ${suffix}`, suffix),
    );
    const from = signer.release(Object.assign({}, ...archives), "chat 0.3.0");
    await upgrade(from);
    expect(fs.readFileSync(program, "utf8")).toContain("# .tar.zst");
    fs.rmSync(join(from, "chat-0.3.0-linux-x64.tar.zst"));
    await upgrade(from);
    expect(fs.readFileSync(program, "utf8")).toContain("# .tar.gz");
    fs.rmSync(join(from, "chat-0.3.0-linux-x64.tar.gz"));
    expect(await rejection(upgrade(from))).toMatchObject({ code: "not-found" });
    expect(installedVersion()).toBe("0.3.0");
  });

  test("changes nothing if the version is the same, and refuses an older one", async () => {
    expect(await upgrade(release("0.2.0"))).toBeUndefined();
    expect(fs.readdirSync(folder)).toEqual(["chat"]);
    for (const version of ["0.1.0", "0.1.99", "0.2.0-rc.1"]) {
      expect(await refusal(release(version))).toBe(
        `not-allowed: the release is older (chat ${version}) than this program (chat 0.2.0)`,
      );
    }
    await upgrade(release("0.1.0"), { isDowngrade: true });
    expect(installedVersion()).toBe("0.1.0");
  });

  test("refuses an older program in a newer release", async () => {
    const archives = packScript("0.3.0", TARGET, versionScript("0.1.0"));
    const from = signer.release(archives, "chat 0.3.0");
    expect(await refusal(from)).toBe(
      "release-untrusted: the program in the release of chat 0.3.0 is chat 0.1.0",
    );
    // The file names state a different version from the signature.
    const old = signer.release(packScript("0.3.0", TARGET, versionScript("0.3.0")), "chat 0.1.0");
    expect(await refusal(old)).toStartWith("not-allowed: the release is older (chat 0.1.0)");
    const renamed = release("0.3.0");
    const name = (version: string) => join(renamed, `chat-${version}-${TARGET}.tar.gz`);
    const [archive = new Uint8Array()] = Object.values(
      packScript("0.1.0", TARGET, versionScript("0.1.0")),
    );
    fs.writeFileSync(name("0.3.0"), archive);
    expect(await refusal(renamed)).toBe(
      "release-untrusted: chat-0.3.0-linux-x64.tar.gz differs from the signed release",
    );
  });

  test("refuses a truncated archive and a swapped signature", async () => {
    const from = release("0.3.0");
    const archive = join(from, `chat-0.3.0-${TARGET}.tar.gz`);
    fs.truncateSync(archive, 100);
    expect(await refusal(from)).toStartWith("release-untrusted: chat-0.3.0-linux-x64.tar.gz");
    const other = release("0.4.0");
    fs.copyFileSync(join(other, "SHA256SUMS.minisig"), join(from, "SHA256SUMS.minisig"));
    expect(await refusal(from)).toBe("release-untrusted: the signature does not match");
    fs.rmSync(join(from, "SHA256SUMS.minisig"));
    expect(await refusal(from)).toBe("not-found: the release has no SHA256SUMS.minisig");
    expect(await refusal(tempFolder())).toBe("not-found: the release has no SHA256SUMS");
  });

  test("refuses links in the folder and in the archive", async () => {
    const from = release("0.3.0");
    const archive = join(from, `chat-0.3.0-${TARGET}.tar.gz`);
    const outside = join(tempFolder(), "outside.tar.gz");
    fs.renameSync(archive, outside);
    fs.symlinkSync(outside, archive);
    expect(await refusal(from)).toBe(`data-foreign: ${archive} is a link or not a regular file`);
    const bytes = packArchive(".tar.gz", [
      { path: `chat-0.3.0-${TARGET}/chat`, linkTo: "/bin/sh" },
    ]);
    const linked = signer.release({ [`chat-0.3.0-${TARGET}.tar.gz`]: bytes }, "chat 0.3.0");
    expect(await refusal(linked)).toStartWith("release-untrusted: chat-0.3.0-linux-x64/chat");
  });

  test("refuses a release without this system, and a program that does not run", async () => {
    const mac = signer.release(packScript("0.3.0", "darwin-arm64", "exit"), "chat 0.3.0");
    expect(await refusal(mac)).toBe("not-found: chat 0.3.0 has no program for linux-x64");
    for (const script of ["exit 1", "echo hello", "kill -9 $$", "echo '{}'"]) {
      expect(await refusal(release("0.3.0", script))).toBe(
        "version-unsupported: the new program does not run on this system",
      );
    }
  });

  test("checks the format of data folders", async () => {
    const data = tempFolder();
    const write = (format: number) =>
      fs.writeFileSync(join(data, "format.json"), JSON.stringify({ format }));
    write(2);
    const script = versionScript("0.3.0", 1);
    expect(await refusal(release("0.3.0", script), { dataFolders: [data] })).toBe(
      `version-unsupported: chat 0.3.0 cannot open ${data} (format 2)`,
    );
    const silent = `echo '{"kind":"version","version":"0.1.0"}'`;
    const downgrade = { dataFolders: [data], isDowngrade: true };
    expect(await refusal(release("0.1.0", silent), downgrade)).toBe(
      `version-unsupported: chat 0.1.0 cannot open ${data} (format 2)`,
    );
    write(1);
    const options = { dataFolders: [data, tempFolder()] };
    expect(await upgrade(release("0.3.0"), options)).toMatchObject({ converted: [data] });
  });

  test("names what an older program cannot open, and the way back", async () => {
    const [data, home] = [tempFolder(), tempFolder()];
    fs.writeFileSync(join(data, "format.json"), '{"format":3,"minReader":3}');
    ClientState.open(home).close();
    fs.copyFileSync(join(home, "state.sqlite"), join(home, "state.sqlite.v99"));
    const old = `echo '{"kind":"version","version":"0.2.0","format":2,"home":99}'`;
    const from = release("0.2.0", old);
    const options = { version: "0.3.0", isDowngrade: true, dataFolders: [data], homes: [home] };
    expect(await refusal(from, { ...options, homes: [] })).toBe(
      `version-unsupported: chat 0.2.0 cannot open ${data} (format 3)`,
    );
    const error = (await rejection(upgrade(from, options))) as Fault;
    const current = CLIENT_STATE_VERSION;
    expect(error.message).toBe(
      `chat 0.2.0 cannot open ${data} (format 3), ${home} (format ${current})`,
    );
    expect(error.remedy).toContain(`rename ${home}/state.sqlite.v99 to ${home}/state.sqlite`);
    const allowed = await upgrade(from, { ...options, allowsUnreadable: true });
    expect(allowed?.unreadable.map(({ path }) => path)).toEqual([data, home]);
    for (const suffix of ["-wal", "-shm"])
      fs.rmSync(`${home}/state.sqlite${suffix}`, { force: true });
    fs.renameSync(`${home}/state.sqlite.v99`, `${home}/state.sqlite`);
    const reverting = new Database(join(home, "state.sqlite"));
    reverting.run("PRAGMA user_version = 99");
    reverting.close();
    const reverted = { ...options, dataFolders: [] };
    expect((await upgrade(from, reverted))?.unreadable).toEqual([]);
  });
});

describe("an upgrade from an address", () => {
  const serve = (fetch: (path: string) => Response | Promise<Response>) =>
    Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: ({ url }) => fetch(new URL(url).pathname) });

  test("downloads, with or without a final slash", async () => {
    const from = release("0.3.0");
    await using server = serve((path) => new Response(Bun.file(join(from, basename(path)))));
    for (const address of ["", "/", "/a/b//"]) {
      await upgrade(`http://127.0.0.1:${server.port}${address}`);
      expect(installedVersion()).toBe("0.3.0");
    }
  });

  test("reports the size and the progress of the archive alone", async () => {
    const from = release("0.3.0");
    const name = "chat-0.3.0-linux-x64.tar.gz";
    const content = new Uint8Array(fs.readFileSync(join(from, name)));
    let answer = () => new Response(content);
    await using server = serve((path) =>
      basename(path) === name ? answer() : new Response(Bun.file(join(from, path))),
    );
    await upgrade(server.url.href);
    expect(downloads).toEqual(Array(2).fill([name, content.length, content.length]));
    const headers = { "content-encoding": "gzip" };
    answer = () => new Response(Bun.gzipSync(content), { headers });
    await upgrade(server.url.href);
    expect(downloads.slice(2)).toContainEqual([name, content.length, undefined]);
    expect(downloads.at(-1)).toEqual([name, content.length, content.length]);
  });

  test("names the proxy of the environment", async () => {
    const proxy = { http_proxy: "http://127.0.0.1:9" };
    const source = openReleaseSource("http://192.0.2.1.invalid/", systemClock(), proxy);
    const fault = await rejection(source.read("SHA256SUMS", 10));
    const remedy = "check the proxy in http_proxy, or set NO_PROXY=192.0.2.1.invalid";
    expect(fault).toMatchObject({ code: "unreachable", remedy });
  });

  test("reports a server that fails", async () => {
    let answer = () => new Response("", { status: 500 });
    await using server = serve(() => answer());
    const from = `http://127.0.0.1:${server.port}/release`;
    expect(await refusal(from)).toBe(`unreachable: cannot download ${from}/SHA256SUMS: HTTP 500`);
    answer = () => new Response("", { status: 404 });
    expect(await refusal(from)).toBe("not-found: the release has no SHA256SUMS");
    answer = () => new Response("", { status: 429 });
    expect(await refusal(from)).toBe(`too-many: ${from}/SHA256SUMS: too many downloads`);
    answer = () => new Response(new Uint8Array(100_000));
    expect(await refusal(from)).toBe(
      `release-untrusted: ${from}/SHA256SUMS is larger than 65.5 kB`,
    );
    await server.stop(true);
    expect(await refusal(from)).toStartWith(`unreachable: cannot download ${from}/SHA256SUMS`);
  });

  test.each(["https://ana:secret@x/", "https://x/?a", "https://x/#a", "https://[/"])(
    "refuses the address %s",
    (address) => {
      expect(faultCode(() => openReleaseSource(address, systemClock(), {}))).toBe("usage");
    },
  );

  test("refuses a folder that does not exist", () => {
    expect(faultCode(() => openReleaseSource("/nowhere", systemClock(), {}))).toBe("not-found");
  });
});
