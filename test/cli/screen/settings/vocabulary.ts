import { Fault } from "../../../../src/base/fault.ts";
import type { Vocabulary } from "../../../../src/cli/screen/settings/values.ts";

/** A small one of what the other parts of the screen bring. */
export const VOCABULARY: Vocabulary = {
  themes: ["dark", "light"],
  roles: ["mention", "day"],
  isColor: (text) => /^(?:red|blue|\d{1,3}|#[0-9a-f]{6})$/.test(text),
  checkKey: (chord, command) => {
    if (command === "search") return;
    throw new Fault("usage", `there is no command '${command}' for ${chord}`, { remedy: "see F1" });
  },
};
