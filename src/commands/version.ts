/** `chat version`. */

import { Fault } from "../base/fault.ts";
import { COMMIT, VERSION } from "../base/version.ts";
import { defineVerb, flag } from "../cli/command.ts";
import type { Context } from "../cli/context.ts";
import { renderJson } from "../cli/output/render.ts";

export const command = defineVerb({
  args: {
    licenses: flag("Print the licences of all that is in this program"),
  },
  async run({ licenses }, context) {
    if (licenses) return printLicenses(context);
    const commit = COMMIT === "" ? "" : ` (${COMMIT})`;
    context.stdout.write(
      context.json
        ? renderJson({ kind: "version", version: VERSION, commit: COMMIT })
        : `chat ${VERSION}${commit}\n`,
    );
    return 0;
  },
});

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
