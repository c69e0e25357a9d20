/** Debian package of a release. */

import { chmodSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, run } from "./run.ts";

interface DebOptions {
  /** Folder of the release. */
  readonly folder: string;
  /** Folder for the package's tree. */
  readonly trees: string;
  readonly version: string;
  readonly target: string;
  /** The program for the target. */
  readonly program: string;
  /** Licences, manual and completions. */
  readonly staged: string;
  readonly epoch: number;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  "linux-x64": "amd64",
  "linux-arm64": "arm64",
};
const MAINTAINER = "Chat maintainers <maintainers@chat.example.org>";
const DESCRIPTION = `self-hosted messages and files for people on one network
 Serves a class, a lab or an office that shares a network and no cloud: rooms,
 direct messages, encrypted rooms, files of any size, a web page, and a history
 whose integrity can be proved.
`;
/** Checks of lintian that do not apply, with the reason. */
const LINTIAN_OVERRIDES = `# The runtime in the program brings its libraries in one file.
chat: embedded-library
chat: hardening-no-pie
chat: hardening-no-relro
chat: unstripped-binary-or-object
`;

/** Builds the package if Debian has the target's architecture. */
export async function packDeb(options: DebOptions): Promise<void> {
  const { folder, trees, version, target, program, staged, epoch } = options;
  const architecture = ARCHITECTURES[target];
  if (architecture === undefined) return;
  const tree = join(trees, `deb-${architecture}`);
  const put = (path: string, content: string | Uint8Array, mode = 0o644) => {
    const file = join(tree, path);
    mkdirSync(join(file, ".."), { recursive: true, mode: 0o755 });
    writeFileSync(file, content, { mode });
    chmodSync(file, mode);
  };
  const packaging = (name: string) => readFileSync(join(ROOT, "packaging", name));
  const stagedFile = (name: string) => readFileSync(join(staged, name));

  put("usr/bin/chat", readFileSync(program), 0o755);
  put("lib/systemd/system/chat.service", packaging("chat.service"));
  put("etc/chat/settings.toml", packaging("settings.toml"));
  put("usr/share/bash-completion/completions/chat", stagedFile("completions/chat.bash"));
  put("usr/share/zsh/vendor-completions/_chat", stagedFile("completions/_chat"));
  put("usr/share/fish/vendor_completions.d/chat.fish", stagedFile("completions/chat.fish"));
  put("usr/share/doc/chat/copyright", stagedFile("LICENSE"));
  put("usr/share/doc/chat/THIRD-PARTY.gz", gzipSync(stagedFile("THIRD-PARTY.txt"), { level: 9 }));
  put("usr/share/doc/chat/changelog.gz", gzipSync(changelog(version, epoch), { level: 9 }));
  put("usr/share/lintian/overrides/chat", LINTIAN_OVERRIDES);
  cpSync(join(staged, "man"), join(tree, "usr/share/man"), { recursive: true });
  await run(["-euc", 'gzip -9n "$0"/usr/share/man/man1/*', tree], { program: "sh" });

  put("DEBIAN/control", control({ version, architecture, sizeBytes: statSync(program).size }));
  put("DEBIAN/conffiles", "/etc/chat/settings.toml\n");
  for (const name of ["postinst", "prerm", "postrm"]) {
    put(`DEBIAN/${name}`, packaging(`deb/${name}`), 0o755);
  }
  const out = join(folder, `chat_${version}_${architecture}.deb`);
  await run(["-R", "u=rwX,go=rX", tree], { program: "chmod" });
  await run(["--root-owner-group", "-Zxz", "-z2", "--build", tree, out], {
    program: "dpkg-deb",
    env: { SOURCE_DATE_EPOCH: String(epoch) },
  });
}

interface ControlOptions {
  readonly version: string;
  readonly architecture: string;
  readonly sizeBytes: number;
}

function control({ version, architecture, sizeBytes }: ControlOptions): string {
  return `Package: chat
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${Math.ceil(sizeBytes / 1024)}
Depends: adduser, libc6 (>= 2.28)
Section: net
Priority: optional
Homepage: https://chat.example.org/
Description: ${DESCRIPTION}`;
}

function changelog(version: string, epoch: number): string {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  const entry = "  * New upstream version; see RELEASE-NOTES.md of the release.";
  return `chat (${version}) stable; urgency=medium\n\n${entry}\n\n -- ${MAINTAINER}  ${date}\n`;
}
