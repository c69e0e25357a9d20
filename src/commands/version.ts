import { COMMIT, VERSION } from "../base/version.ts";
import { renderJson } from "./_render.ts";
import { defineVerb } from "./_verb.ts";

export const command = defineVerb({
  args: {},
  async run(_args, context) {
    const commit = COMMIT === "" ? "" : ` (${COMMIT})`;
    context.stdout.write(
      context.json
        ? renderJson({ kind: "version", version: VERSION, commit: COMMIT })
        : `chat ${VERSION}${commit}\n`,
    );
    return 0;
  },
});
