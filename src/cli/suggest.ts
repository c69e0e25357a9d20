/** Suggestions for mistyped words. */

import { nearestOf } from "../base/near-name.ts";

/** Allows one typing error in words of 3 to 5 letters, two in longer words. */
export function nearestWord(typed: string, words: readonly string[]): string | undefined {
  if (typed.length < 3) return undefined;
  const typosMax = typed.length < 6 ? 1 : 2;
  return nearestOf(words, typed, typosMax, (word) => word.toLowerCase());
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

/** Other words for options, by their purpose. */
const FLAG_PURPOSES: Readonly<Record<string, string>> = {
  server: "host address url connect ip",
  host: "listen bind address ip",
  user: "name nick login account as username",
  to: "room channel target recipient user",
  room: "channel to target",
  with: "user person to dm",
  out: "output dir directory folder destination path save",
  data: "dir directory folder db database store path",
  last: "lines tail limit count number max",
  since: "after start newer begin",
  until: "before end older",
  from: "author by sender user",
  grep: "pattern match search contains",
  "ignore-case": "insensitive",
  reverse: "newest-first descending",
  follow: "watch wait tail",
  "password-file": "password pass passwd secret",
  "room-password-file": "room-password key",
  port: "listen",
  json: "machine raw format",
  yes: "force confirm assume-yes",
  all: "everything every",
  open: "public register registration",
  keep: "retention expire",
  key: "token",
};

/** Returns the option whose purpose a word is. */
export function flagByPurpose(typed: string, names: readonly string[]): string | undefined {
  return ofPurpose(typed.toLowerCase(), names, FLAG_PURPOSES);
}

function ofPurpose(
  folded: string,
  words: readonly string[],
  purposes: typeof FLAG_PURPOSES,
): string | undefined {
  return words.find((word) => purposes[word]?.split(" ").includes(folded));
}

/** Returns the command whose purpose a word is, or that alone begins with it. */
export function wordByPurpose(typed: string, words: readonly string[]): string | undefined {
  const folded = typed.toLowerCase();
  const purpose = ofPurpose(folded, words, PURPOSES);
  if (purpose !== undefined || folded.length < 3) return purpose;
  const begun = words.filter((word) => word.startsWith(folded));
  return begun.length === 1 ? begun[0] : undefined;
}
