/** Debian package of a release. */

import { statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT, run } from "./run.ts";
import { MAINTAINER, PACKAGE_TARGETS, type PackageOptions, PackageTree } from "./tree.ts";

const DESCRIPTION = `self-hosted messages and files for people on one network
 Serves a class, a lab or an office that shares a network and no cloud: rooms,
 direct messages, encrypted rooms, files of any size, a web page, and a history
 whose integrity can be proved.
`;
const LINTIAN_OVERRIDES = `# The runtime in the program brings its libraries in one file.
chat: embedded-library
chat: hardening-no-pie
chat: hardening-no-relro
chat: unstripped-binary-or-object
`;

export async function packDeb(options: PackageOptions): Promise<void> {
  const { folder, trees, version, target, program, staged, epoch } = options;
  const architecture = PACKAGE_TARGETS[target]?.deb;
  if (architecture === undefined) return;
  const tree = new PackageTree(join(trees, `deb-${architecture}`));
  tree.copy(join(staged, "LICENSE"), "usr/share/doc/chat/copyright");
  const log = gzipSync(changelog(version, epoch), { level: 9 });
  tree.write("usr/share/doc/chat/changelog.gz", log);
  tree.write("usr/share/lintian/overrides/chat", LINTIAN_OVERRIDES);
  await tree.addCommonFiles(options, { units: "lib/systemd/system", zsh: "vendor-completions" });
  const { size: sizeBytes } = statSync(program);
  tree.write("DEBIAN/control", control({ version, architecture, sizeBytes }));
  tree.write("DEBIAN/conffiles", "/etc/chat/settings.toml\n");
  // The installation of ppp, too, names the program that it hides.
  tree.write("DEBIAN/triggers", "interest-noawait /usr/sbin/chat\n");
  for (const name of ["postinst", "prerm", "postrm"]) {
    tree.copy(join(ROOT, "tools/packaging/deb", name), `DEBIAN/${name}`, 0o755);
  }
  await run(["u=rwx,go=rx", join(tree.root, "DEBIAN")], { program: "chmod" });
  const out = join(folder, `chat_${version}_${architecture}.deb`);
  await run(["--root-owner-group", "-Zxz", "-z4", "--build", tree.root, out], {
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
