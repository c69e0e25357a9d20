/** Adds COUNT long lines to the history of a home. Arguments: FOLDER NAME COUNT. */

import { INPUT_HISTORY_LINE_BYTES_MAX } from "../../../../src/base/limits-screen.ts";
import { InputHistory } from "../../../../src/cli/screen/editor/input-history.ts";

const [folder = "", name = "", count = "0"] = process.argv.slice(2);
const filler = "x".repeat(INPUT_HISTORY_LINE_BYTES_MAX - 64);
const history = new InputHistory(folder);
for (let i = 0; i < Number(count); i++) await history.add(`${name}.${i} ${filler}`);
