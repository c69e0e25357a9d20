import { beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM_TARGETS } from "../../src/cli/serve/offer.ts";
import { fillRecipes } from "../../tools/release/recipes.ts";
import { requires } from "../installed.ts";
import { tempFolder } from "../temp-folder.ts";

const ADDRESS = "https://downloads.example.org/chat";

describe("recipes of a release", () => {
  const folder = tempFolder();
  const recipes = new Map<string, string>();
  const recipe = (path: string) => recipes.get(path) ?? "";
  const archive = (target: string) =>
    `chat-0.2.0-${target}.${target.startsWith("windows") ? "zip" : "tar.gz"}`;
  const sum = (target: string, algorithm = "sha256") =>
    createHash(algorithm)
      .update(readFileSync(join(folder, archive(target))))
      .digest("hex");

  beforeAll(() => {
    for (const target of PROGRAM_TARGETS) writeFileSync(join(folder, archive(target)), target);
    const options = { folder, version: "0.2.0", address: `${ADDRESS}/` };
    for (const [path, text] of fillRecipes(options)) recipes.set(path, text);
  });

  test("leave no placeholder", () => {
    expect([...recipes].filter(([, text]) => /@[A-Z0-9]+[:@]/.test(text))).toEqual([]);
  });

  test("name an archive and its checksum for each target", () => {
    const texts = [...recipes.values()].join("\n");
    for (const target of PROGRAM_TARGETS) {
      const sums = [sum(target), sum(target, "sha512")];
      expect([target, sums.some((hash) => texts.includes(hash))]).toEqual([target, true]);
    }
  });

  test("Scoop and winget describe the archive for Windows", () => {
    const url = `${ADDRESS}/${archive("windows-x64")}`;
    const hash = sum("windows-x64");
    expect(JSON.parse(recipe("scoop/chat.json"))).toMatchObject({
      version: "0.2.0",
      license: "MIT",
      architecture: { "64bit": { url, hash, extract_dir: "chat-0.2.0-windows-x64" } },
      bin: "chat.exe",
    });
    const manifests = ["", ".installer", ".locale.en-US"].map(
      (part) => Bun.YAML.parse(recipe(`winget/Chat.Chat${part}.yaml`)) as Record<string, unknown>,
    );
    for (const manifest of manifests) {
      expect(manifest).toMatchObject({
        PackageIdentifier: "Chat.Chat",
        PackageVersion: "0.2.0",
        ManifestVersion: "1.6.0",
      });
    }
    expect(manifests.map(({ ManifestType }) => ManifestType)).toEqual([
      "version",
      "installer",
      "defaultLocale",
    ]);
    expect(manifests[1]).toMatchObject({
      InstallerType: "zip",
      NestedInstallerType: "portable",
      NestedInstallerFiles: [{ RelativeFilePath: "chat-0.2.0-windows-x64\\chat.exe" }],
      Installers: [{ Architecture: "x64", InstallerUrl: url, InstallerSha256: hash }],
    });
  });

  test("the compose file runs a read-only container without capabilities", () => {
    expect(Bun.YAML.parse(recipe("container/compose.yaml"))).toMatchObject({
      services: {
        chat: {
          image: "chat:0.2.0",
          read_only: true,
          cap_drop: ["ALL"],
          security_opt: ["no-new-privileges:true"],
        },
      },
    });
  });

  const shell = requires("bash");

  shell.test("bash reads the PKGBUILD and the APKBUILD", () => {
    const work = tempFolder();
    mkdirSync(join(work, "src"));
    const read = (path: string, script: string, env: Record<string, string> = {}) => {
      const file = join(work, "recipe");
      writeFileSync(file, recipe(path));
      const { stdout, stderr } = Bun.spawnSync(["bash", "-euc", `. "$0"; ${script}`, file], {
        env: { ...process.env, srcdir: join(work, "src"), pkgdir: work, ...env },
      });
      expect(stderr.toString()).toBe("");
      return stdout.toString().split("\n").slice(0, -1);
    };
    const arch = 'echo "$source_x86_64"; echo "$sha256sums_x86_64"; declare -F package';
    expect(read("arch/PKGBUILD", arch)).toEqual([
      `${ADDRESS}/${archive("linux-x64")}`,
      sum("linux-x64"),
      "package",
    ]);
    const targets = { x86_64: "linux-x64-musl", aarch64: "linux-arm64-musl" };
    for (const [CARCH, target] of Object.entries(targets)) {
      const [sums] = read("alpine/APKBUILD", "echo $sha512sums", { CARCH });
      expect(sums).toStartWith(`${sum(target, "sha512")} ${archive(target)} `);
    }
  });
});
