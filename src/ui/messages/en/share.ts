/** English texts for the `chat share` page. */

import { counted } from "../../../base/sizes.ts";

export const ENGLISH_SHARE = {
  shareTitle: "Files for you",
  shareProgress: (n: number, count: number) => `${n} of ${counted(count, "file")} ready…`,
  shareAll: (n: number, size: string) => `${counted(n, "file")}, ${size}`,
  shareSave: (n: number) => (n === 1 ? "Save" : `Save all ${n} files`),
  shareRemaining: "Save remaining files",
  shareSaving: "Saving…",
  shareSaved: "All files are saved and verified. You can close this page.",
  shareZip: "saved as a zip archive",
  shareEnded: "This share has ended or can't be reached. Ask for a new link.",
  shareLinkIncomplete: "This link is incomplete. Copy all of it, or scan its code again.",
};
