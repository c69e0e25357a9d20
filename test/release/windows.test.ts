import { expect } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linuxEnd, talkBetween, upgradeRunning, windowsEnd } from "../../tools/soak/windows.ts";
import { WINE_NEEDS, Wine } from "../../tools/soak/wine.ts";
import { CHAT } from "../e2e/binary.ts";
import { requires } from "../installed.ts";
import { ReleaseSigner } from "../signed-release.ts";
import { tempFolder } from "../temp-folder.ts";

/**
 * The program for Windows under Wine, with a server on Linux. `npm run soak -- release` tries all
 * directions.
 */
const ROOT = join(import.meta.dir, "../..");
const PROGRAM = join(ROOT, "dist/chat-windows-x64.exe");
const VERSION: string = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version;
const { describe, test, beforeAll, afterAll } = requires(...WINE_NEEDS, "zip");

const prefix = tempFolder();

describe("chat.exe", () => {
  let wine: Wine | undefined;

  beforeAll(() => {
    const command = [process.execPath, "build.ts", "--target", "windows-x64"];
    const built = Bun.spawnSync(command, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
    if (!built.success) throw new Error(`chat.exe cannot be built: ${built.stderr}`);
    wine = Wine.create(prefix);
  }, 240_000);

  const end = () => {
    if (wine === undefined) throw new Error("Wine does not run");
    return windowsEnd(PROGRAM, wine);
  };

  afterAll(() => wine?.end());

  test("uses a server on Linux", async () => {
    const done = await talkBetween(linuxEnd(CHAT), end(), tempFolder(), true);
    expect(done).toStartWith("Windows client, Linux server: all in");
  });

  test("is upgraded again and again while it runs", async () => {
    const signer = new ReleaseSigner();
    const folder = tempFolder();
    const name = `chat-${VERSION}-windows-x64`;
    mkdirSync(join(folder, name));
    copyFileSync(PROGRAM, join(folder, name, "chat.exe"));
    const zip = Bun.spawnSync(["zip", "-q", "-1", "-r", "-", name], { cwd: folder });
    const release = signer.release(
      { [`${name}.zip`]: new Uint8Array(zip.stdout) },
      `chat ${VERSION}`,
    );
    const keyFile = join(folder, "key.pub");
    writeFileSync(keyFile, `untrusted comment: key\n${signer.publicKey}\n`);
    const done = await upgradeRunning(end(), join(folder, "installed"), { release, keyFile });
    expect(done).toContain("chat.exe, chat.exe.old, chat.exe.old1");
  });
});
