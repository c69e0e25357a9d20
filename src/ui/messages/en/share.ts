/** English texts of the `chat share` page. */

import { counted } from "../../../base/sizes.ts";

export const ENGLISH_SHARE = {
  shareTitle: "Files for you",
  shareComing: (n: number, count: number) => `${n} of ${counted(count, "file")} ready…`,
  shareAll: (n: number, size: string) => `${counted(n, "file")}, ${size}`,
  shareSave: (n: number) => (n === 1 ? "Save" : `Save all ${n} files`),
  shareAgain: "Save what is left",
  shareSaving: "Saving…",
  shareSaved: "All of it is saved and checked. You may close this page.",
  shareZip: "saved as a zip archive",
  shareOver: "This share is over, or its machine cannot be reached. Ask for a new address.",
  shareWrong: "This is not the whole address. Copy all of it, or scan its code again.",
};
