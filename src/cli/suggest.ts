/** Suggestions for mistyped words. */

import { editDistance } from "../base/edit-distance.ts";

/** Allows one typing error in words of 3 to 5 letters, two in longer words. */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  if (typed.length < 3) return undefined;
  const typosMax = typed.length < 6 ? 1 : 2;
  let best: { readonly word: string; readonly slips: number } | undefined;
  for (const word of words) {
    if (Math.abs(word.length - typed.length) > typosMax) continue;
    const slips = editDistance(typed.toLowerCase(), word.toLowerCase());
    if (slips <= typosMax && slips < word.length && (best === undefined || slips < best.slips)) {
      best = { word, slips };
    }
  }
  return best?.word;
}

/** Other words for commands of the program, by their purpose. */
const PURPOSES: Readonly<Record<string, string>> = {
  inbox: "unread new missed mentions activity",
  history: "hist log logs messages read scrollback",
  search: "find grep look query",
  send: "say post message write msg tell",
  "send-file": "upload attach put",
  "get-file": "download fetch get pull",
  users: "who people members accounts names",
  rooms: "channels list groups",
  join: "connect start open client tui chat",
  serve: "server host run daemon",
  register: "signup create-account",
  login: "signin sign-in log-in",
  logout: "signout sign-out log-out",
  passwd: "password",
  unregister: "delete-account",
  upgrade: "update",
  man: "manual",
  handed: "homework late missing assignment",
  share: "give croc",
};

/** Returns the command whose purpose a word is, or that alone begins with it. */
export function wordByPurpose(typed: string, words: readonly string[]): string | undefined {
  const folded = typed.toLowerCase();
  const purpose = words.find((word) => PURPOSES[word]?.split(" ").includes(folded));
  if (purpose !== undefined || folded.length < 3) return purpose;
  const begun = words.filter((word) => word.startsWith(folded));
  return begun.length === 1 ? begun[0] : undefined;
}
