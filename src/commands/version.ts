/** `chat version`, which prints the version and the licences. */

import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { Fault, msg } from "../base/fault.ts";
import { counted } from "../base/sizes.ts";
import { COMMIT, TARGET, VERSION } from "../base/version.ts";
import { defineVerb, flag, stringFlag } from "../cli/command.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { renderJson } from "../cli/output/render.ts";
import { printData, printResult } from "../cli/output/result.ts";
import {
  checkReleaseFile,
  readRelease,
  releaseKey,
  SIGNATURE_NAME,
  SUMS_NAME,
} from "../cli/release/release.ts";
import { DATA_FORMAT } from "../io/disk/data-folder.ts";
import { statOf } from "../io/disk/stat.ts";
import { CLIENT_STATE_VERSION } from "../io/state/schema.ts";

/** Maximum number of unlisted files named, because a release may be in a folder of downloads. */
const NAMED_MAX = 10;

const BUILD = {
  version: VERSION,
  commit: COMMIT,
  target: TARGET,
  format: DATA_FORMAT,
  home: CLIENT_STATE_VERSION,
};

export const command = defineVerb({
  args: {
    check: stringFlag("PATH", "Verify a downloaded release or one of its files"),
    key: stringFlag("FILE", "Public key for --check (Default: built in)"),
    licenses: flag("Print the licences of this program and its libraries"),
  },
  async run({ check, key, licenses }, context) {
    if (check !== undefined) return checkRelease(context, check, key);
    if (licenses) return printLicenses(context);
    const commit = COMMIT === "" ? "" : ` (${COMMIT})`;
    return printData(context, { kind: "version", ...BUILD }, `chat ${VERSION}${commit}\n`);
  },
});

async function checkRelease(
  context: Context,
  path: string,
  key: string | undefined,
): Promise<number> {
  const stat = statOf(path);
  if (stat === undefined)
    throw new Fault("not-found", msg`no such file: ${path}`, { remedy: msg`check the path` });
  const isFolder = stat.isDirectory();
  const release = readRelease(await releaseKey(key), isFolder ? path : dirname(path));
  const { version, files } = release;
  let count = 0;
  for (const file of isFolder ? [...files.keys()].map((name) => join(path, name)) : [path]) {
    if (await checkReleaseFile(release, file)) count++;
  }
  if (count === 0) throw new Fault("not-found", msg`no file of chat ${version} in ${path}`);
  const unlisted = (isFolder ? readdirSync(path) : [])
    .filter((name) => !files.has(name) && name !== SUMS_NAME && name !== SIGNATURE_NAME)
    .sort();
  if (unlisted.length > 0) {
    const more = unlisted.length - NAMED_MAX;
    const moreText = more > 0 ? `, and ${more} more` : "";
    const names = unlisted.slice(0, NAMED_MAX).join(", ");
    printNotice(context, `not verified, as the release has no such file: ${names}${moreText}`);
  }
  const line = { kind: "release", ok: true, version, files: count, listed: files.size, unlisted };
  return printResult(context, line, `chat ${version}: verified ${counted(count, "file")}`);
}

async function printLicenses({ json, stdout }: Context): Promise<number> {
  const { loadLicenses } = await import("../cli/licenses.ts");
  const licenses = await loadLicenses();
  if (licenses === undefined) {
    throw new Fault("internal", "this program was built without its licences");
  }
  for (const { name, version, license, text } of licenses) {
    const line = "-".repeat(80);
    stdout.write(
      json
        ? renderJson({ kind: "license", name, version, license, text })
        : `${line}\n${name} ${version} (${license})\n${line}\n\n${text}\n`,
    );
  }
  return 0;
}
