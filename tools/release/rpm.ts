/** RPM package of a release. */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./run.ts";
import { MAINTAINER, PACKAGE_TARGETS, type PackageOptions, PackageTree } from "./tree.ts";

export async function packRpm(options: PackageOptions): Promise<void> {
  const { folder, trees, version, target, staged, epoch } = options;
  const architecture = PACKAGE_TARGETS[target]?.rpm;
  if (architecture === undefined) return;
  const work = join(trees, `rpm-${architecture}`);
  const tree = new PackageTree(join(work, "tree"));
  tree.copy(join(staged, "LICENSE"), "usr/share/licenses/chat/LICENSE");
  await tree.addCommonFiles(options, { units: "usr/lib/systemd/system", zsh: "site-functions" });
  // RPM versions cannot contain a hyphen, which separates the version from the release.
  const rpmVersion = version.replace("-", "~");
  const values = { VERSION: rpmVersion, MAINTAINER, TREE: tree.root };
  const spec = join(work, "chat.spec");
  const template = readFileSync(join(ROOT, "tools/packaging/rpm/chat.spec"), "utf8");
  const text = Object.entries(values).reduce(
    (filled, [name, value]) => filled.replaceAll(`@${name}@`, value),
    template,
  );
  mkdirSync(work, { recursive: true });
  writeFileSync(spec, text);
  const macros = {
    _topdir: work,
    // Keeps the package reproducible.
    _buildhost: "localhost",
    use_source_date_epoch_as_buildtime: "1",
    clamp_mtime_to_source_date_epoch: "1",
    _binary_payload: "w4.xzdio",
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => [
    "--define",
    `${name} ${value}`,
  ]);
  await run(["--quiet", "-bb", "--target", `${architecture}-linux`, ...defines, spec], {
    program: "rpmbuild",
    env: { SOURCE_DATE_EPOCH: String(epoch) },
  });
  const name = `chat-${rpmVersion}-1.${architecture}.rpm`;
  copyFileSync(join(work, "RPMS", architecture, name), join(folder, name));
}
