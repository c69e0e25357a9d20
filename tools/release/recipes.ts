/** Recipes for other package managers, with the version, address and checksums of a release. */

import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, ROOT, run, UsageError } from "./run.ts";
import { MAINTAINER } from "./tree.ts";

const PACKAGING = join(ROOT, "tools/packaging");
const MANAGERS = ["alpine", "arch", "container", "homebrew", "nix", "scoop", "winget"];
const SUMMARY = "Self-hosted messages and files for people on one network";
const HOMEPAGE = "https://chat.example.org/";
/** `@VERSION@`, or `@SHA256:linux-x64.tar.gz@` for an archive or another template. */
const PLACEHOLDER = /@([A-Z0-9]+)(?::([\w./-]+))?@/g;

interface RecipeOptions {
  readonly folder: string;
  readonly version: string;
  readonly address: string;
}

export function fillRecipes(options: RecipeOptions): ReadonlyMap<string, string> {
  const paths = MANAGERS.flatMap((manager) =>
    readdirSync(join(PACKAGING, manager)).map((name) => `${manager}/${name}`),
  );
  return new Map(paths.sort().map((path) => [path, filled(path, options)]));
}

function filled(path: string, { folder, version, address }: RecipeOptions): string {
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    ADDRESS: address.replace(/\/$/, ""),
    MAINTAINER,
    SUMMARY,
    HOMEPAGE,
  };
  const text = readFileSync(join(PACKAGING, path), "utf8");
  return text.replaceAll(PLACEHOLDER, (placeholder, name: string, file: string | undefined) => {
    if (file === undefined) return values[name] ?? placeholder;
    const source = file.includes("/")
      ? join(PACKAGING, file)
      : join(folder, `chat-${version}-${file}`);
    return hashOf(source, name === "SHA512" ? "sha512" : "sha256");
  });
}

export async function packRecipes(
  options: RecipeOptions & { readonly trees: string; readonly epoch: number },
): Promise<void> {
  const { folder, version, address, trees, epoch } = options;
  if (!/^https?:\/\/[^\s'"$`\\]+$/.test(address)) {
    throw new UsageError(`--address: ${address} is not a web address`);
  }
  const name = `chat-${version}-recipes`;
  for (const [path, text] of fillRecipes(options)) {
    const file = join(trees, name, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, statSync(join(PACKAGING, path)).mode);
  }
  const script =
    'tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner ' +
    '--mode=u=rwX,go=rX --format=ustar -c "$name" | gzip -9n > "$out"';
  const env = { SOURCE_DATE_EPOCH: String(epoch), name, out: join(folder, `${name}.tar.gz`) };
  await run(["-euc", script], { program: "sh", cwd: trees, env });
}
