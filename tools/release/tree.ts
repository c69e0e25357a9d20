/** File tree of a system package: program, service, settings, manual, guides and completions. */

import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, run } from "./run.ts";

export const MAINTAINER = "Chat maintainers <maintainers@chat.example.org>";

/** Architectures of Linux packages by target. musl systems have their own recipe. */
export const PACKAGE_TARGETS: Readonly<Record<string, { deb: string; rpm: string }>> = {
  "linux-x64": { deb: "amd64", rpm: "x86_64" },
  "linux-arm64": { deb: "arm64", rpm: "aarch64" },
};

export interface PackageOptions {
  readonly folder: string;
  readonly trees: string;
  readonly version: string;
  readonly target: string;
  readonly program: string;
  readonly staged: string;
  readonly epoch: number;
}

const SECOND_NAME = "lanchat";

export class PackageTree {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const file = this.#create(path);
    writeFileSync(file, content, { mode });
    chmodSync(file, mode);
  }

  copy(source: string, path: string, mode = 0o644): void {
    const file = this.#create(path);
    copyFileSync(source, file);
    chmodSync(file, mode);
  }

  /** @param units folder of systemd's units */
  async addCommonFiles(
    { program, staged }: PackageOptions,
    { units, zsh }: { units: string; zsh: string },
  ): Promise<void> {
    this.copy(program, "usr/bin/chat", 0o755);
    // In root's PATH, /usr/sbin/chat of the package ppp comes before /usr/bin/chat.
    symlinkSync("chat", join(this.root, "usr/bin", SECOND_NAME));
    this.copy(join(ROOT, "tools/packaging/chat.service"), `${units}/chat.service`);
    this.copy(join(ROOT, "tools/packaging/settings.toml"), "etc/chat/settings.toml");
    const completions = join(staged, "completions");
    const complete = (source: string, path: string) => {
      const script = readFileSync(join(completions, source), "utf8");
      this.write(path, script.replaceAll("(chat complete ", "(/usr/bin/chat complete "));
    };
    complete("chat.bash", "usr/share/bash-completion/completions/chat");
    symlinkSync("chat", join(this.root, "usr/share/bash-completion/completions", SECOND_NAME));
    complete("_chat", `usr/share/zsh/${zsh}/_chat`);
    complete("chat.fish", "usr/share/fish/vendor_completions.d/chat.fish");
    const thirdParty = gzipSync(readFileSync(join(staged, "THIRD-PARTY.txt")), { level: 9 });
    this.write("usr/share/doc/chat/THIRD-PARTY.gz", thirdParty);
    cpSync(join(staged, "guides"), join(this.root, "usr/share/doc/chat/guides"), {
      recursive: true,
    });
    cpSync(join(staged, "man"), join(this.root, "usr/share/man"), { recursive: true });
    await run(["-euc", 'gzip -9n "$0"/usr/share/man/man1/*', this.root], { program: "sh" });
    symlinkSync("chat.1.gz", join(this.root, `usr/share/man/man1/${SECOND_NAME}.1.gz`));
    await run(["-R", "u=rwX,go=rX", this.root], { program: "chmod" });
  }

  #create(path: string): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    return file;
  }
}
